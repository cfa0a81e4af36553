"""The library's benchmark measures what it says, over a few documents."""

from rag.bench.library import FILTERS, SORTS, bench_library, table


async def test_every_filter_and_order_is_asked_for(tmp_path):
    said: list[str] = []
    found = await bench_library(tmp_path, count=60, runs=1, progress=said.append)
    by_name = {row.request: row.matches for row in found.rows}
    assert len(by_name) == len(FILTERS) * len(SORTS) + 5
    assert (by_name["all, -size"], by_name["type, filename"], by_name["collection, -size"]) == (60, 10, 12)
    assert by_name["all, filename, last page"] == 60
    assert "60 documents, SQLite" in table(found)
    assert said == ["writing 60 documents"]
