"""Personal data over HTTP: found, and taken out."""

from tests.unit.app.conftest import add, work

TEXT = "Anna Keller pays EUR 5. Write to anna@example.org.\fThe flat of Keller is damp."


async def test_what_is_found_has_its_place(services, http):
    document = await add(services, TEXT)
    await work(services)
    record = (await http.get(f"/v1/documents/{document.id}/pii")).json()
    found = [(row["page"], row["kind"], row["text"]) for row in record["found"]]
    assert found == [(1, "PERSON", "Anna Keller"), (1, "EMAIL", "anna@example.org"), (2, "PERSON", "Keller")]
    assert all(row["boxes"] for row in record["found"])


async def test_the_text_comes_without_them(services, http):
    document = await add(services, TEXT)
    await work(services)
    response = await http.get(f"/v1/documents/{document.id}/redacted.txt")
    assert response.text == "[PERSON] pays EUR 5. Write to [EMAIL].\fThe flat of [PERSON] is damp."
    assert "lease" not in response.headers["content-disposition"]


async def test_kinds_are_chosen_by_parameter(services, http):
    document = await add(services, TEXT)
    await work(services)
    path = f"/v1/documents/{document.id}/redacted.txt"
    assert (await http.get(path, params={"kinds": "email"})).text.startswith(
        "Anna Keller pays EUR 5. Write to [EMAIL]."
    )
    refused = await http.get(path, params={"kinds": "shoe_size"})
    assert (refused.status_code, "PERSON" in refused.json()["remedy"]) == (422, True)


async def test_the_pdf_comes_without_them(services, http):
    document = await add(services, TEXT)
    await work(services)
    response = await http.get(f"/v1/documents/{document.id}/redacted.pdf")
    assert response.headers["content-type"] == "application/pdf"
    assert response.text == "pays EUR 5. Write to\fThe flat of is damp."


async def test_before_names_are_known_nothing_is_redacted(services, http):
    document = await add(services, TEXT)
    response = await http.get(f"/v1/documents/{document.id}/redacted.pdf")
    assert (response.status_code, response.json()["code"]) == (409, "not_ready")
