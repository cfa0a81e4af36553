"""Fields through the arrows and over HTTP."""

import csv
import io
import json
from dataclasses import replace

import pytest

from rag.analyze import analyze
from rag.fakes import FakeClassifier
from rag.model import Stage, StageStatus
from tests.unit.app.conftest import add, work

INVOICE = (
    "This is an invoice.\nSolvane Pumps GmbH\nInvoice no.: RE-10482\nInvoice date: 3 March 2026\n"
    "Bill to: Anna Keller\nTotal due: EUR 2,856.00"
)


@pytest.fixture
def invoices(services):
    return replace(services, classifier=FakeClassifier(labels=("invoice", "letter")))


async def test_a_document_gets_the_fields_of_its_type(invoices, http):
    document = await add(invoices, INVOICE, "a.txt")
    await work(invoices)
    record = (await http.get(f"/v1/documents/{document.id}/fields")).json()
    values = {row["field"]: row for row in record["fields"]}
    assert record["schema"] == "invoice"
    assert (values["number"]["value"], values["date"]["value"]) == ("RE-10482", "2026-03-03")
    total = values["total"]
    assert (total["value"], total["number"], total["currency"], total["source"]) == ("2856.00", 2856.0, "EUR", "rule")
    assert INVOICE[total["start"] : total["end"]] == total["text"] == "EUR 2,856.00"
    assert total["boxes"]
    assert "order_number" in record["missing"]
    whole = (await http.get(f"/v1/documents/{document.id}")).json()
    assert {row["field"] for row in whole["fields"]} == set(values)


async def test_a_type_without_a_schema_skips_the_stage(services, http):
    document = await add(services, "Nothing that has a type. Only words that say little.")
    await work(services)
    done = await services.state.documents.get(document.id)
    assert done.stages[Stage.FIELDS].status is StageStatus.SKIPPED
    record = (await http.get(f"/v1/documents/{document.id}/fields")).json()
    assert (record["schema"], record["fields"], record["missing"]) == (None, [], [])


async def test_a_collections_schema_goes_before_the_types(invoices, http):
    schema = {
        "title": "Orders",
        "type": "object",
        "properties": {"no": {"type": "string", "x-kind": "reference", "x-labels": ["invoice no"]}},
    }
    put = await http.put("/v1/collections/default/schema", json=schema)
    assert (put.status_code, put.json()["source"], put.json()["name"]) == (200, "collection", "Orders")
    document = await add(invoices, INVOICE, "a.txt")
    await work(invoices)
    record = (await http.get(f"/v1/documents/{document.id}/fields")).json()
    assert [(row["field"], row["value"]) for row in record["fields"]] == [("no", "RE-10482")]


async def test_a_new_schema_runs_the_stage_again_and_no_other(invoices, http):
    document = await add(invoices, INVOICE, "a.txt")
    await work(invoices)
    await http.put("/v1/collections/default/schema", json={"use": "letter"})
    before = await invoices.state.documents.get(document.id)
    await analyze(before, invoices)
    after = await invoices.state.documents.get(document.id)
    assert (await invoices.state.documents.fields(document.id))[0].schema == "letter"
    assert after.stages[Stage.INDEX] == before.stages[Stage.INDEX]
    assert after.stages[Stage.FIELDS].version != before.stages[Stage.FIELDS].version


async def test_a_schema_can_be_taken_away(http):
    await http.put("/v1/collections/x/schema", json={"use": "receipt"})
    assert (await http.get("/v1/collections/x/schema")).json()["name"] == "receipt"
    assert (await http.delete("/v1/collections/x/schema")).status_code == 204
    assert (await http.get("/v1/collections/x/schema")).json()["source"] == "type"
    assert (await http.delete("/v1/collections/x/schema")).status_code == 404


@pytest.mark.parametrize("body", [{"use": "cookbook"}, {"properties": {}}, {"type": "array"}])
async def test_a_schema_that_cannot_be_used_is_refused(http, body):
    response = await http.put("/v1/collections/x/schema", json=body)
    assert response.status_code in (404, 422)
    assert response.json()["remedy"]


async def test_a_correction_outlasts_a_rerun(invoices, http):
    document = await add(invoices, INVOICE, "a.txt")
    await work(invoices)
    path = f"/v1/documents/{document.id}/fields"
    patched = await http.patch(
        path, json={"fields": {"total": "EUR 1,000.00", "date": None, "customer": "anna keller"}}
    )
    values = {row["field"]: row for row in patched.json()["fields"]}
    assert (values["total"]["value"], values["total"]["source"], values["total"]["page"]) == ("1000.00", "person", None)
    assert (values["customer"]["text"], values["customer"]["page"]) == ("Anna Keller", 1)
    assert "date" in patched.json()["missing"]
    await invoices.state.documents.retry(document.id, force=True)
    await work(invoices)
    again = {row["field"]: row["value"] for row in (await http.get(path)).json()["fields"]}
    assert again["total"] == "1000.00"
    assert "date" not in again
    back = {
        row["field"]: row["value"]
        for row in (await http.patch(path, json={"reset": ["total", "date"]})).json()["fields"]
    }
    assert (back["total"], back["date"]) == ("2856.00", "2026-03-03")


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"total": "much"}, 422), ({"date": "soon"}, 422), ({"colour": "red"}, 404), ({"total": ["1", "2"]}, 422)],
)
async def test_a_correction_without_the_fields_form_is_refused(invoices, http, fields, status):
    document = await add(invoices, INVOICE, "a.txt")
    await work(invoices)
    response = await http.patch(f"/v1/documents/{document.id}/fields", json={"fields": fields})
    assert response.status_code == status
    assert response.json()["remedy"]


async def test_the_export_has_a_row_a_document_and_no_formula(invoices, http):
    first = await add(invoices, INVOICE, "=cmd.txt")
    await add(invoices, INVOICE.replace("RE-10482", "RE-2"), "b.txt")
    await work(invoices)
    await http.patch(f"/v1/documents/{first.id}/fields", json={"fields": {"customer": "=HYPERLINK(1)"}})
    text = (await http.get("/v1/fields", params={"collection": "default"})).text
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row["number"] for row in rows] == ["RE-10482", "RE-2"]
    assert (rows[0]["filename"], rows[0]["customer"], rows[0]["total"]) == ("'=cmd.txt", "'=HYPERLINK(1)", "2856.00")
    assert rows[0]["schema"] == "invoice"


async def test_the_spreadsheet_holds_numbers_and_dates(invoices, http):
    from openpyxl import load_workbook

    document = await add(invoices, INVOICE, "a.txt")
    await work(invoices)
    await http.patch(f"/v1/documents/{document.id}/fields", json={"fields": {"customer": "=1+1"}})
    response = await http.get("/v1/fields", params={"format": "xlsx"})
    sheet = load_workbook(io.BytesIO(response.content)).active
    head, row = list(sheet.iter_rows(values_only=True))
    values = dict(zip(head, row, strict=True))
    assert (values["total"], values["date"].date().isoformat(), values["customer"]) == (2856.0, "2026-03-03", "'=1+1")
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)


async def test_the_json_export_has_places(invoices, http):
    await add(invoices, INVOICE, "a.txt")
    await work(invoices)
    [row] = json.loads((await http.get("/v1/fields", params={"format": "json"})).text)
    assert {value["field"]: value["page"] for value in row["fields"]}["total"] == 1
    assert json.loads((await http.get("/v1/fields", params={"format": "json", "collection": "none"})).text) == []


async def test_deletion_takes_the_fields_along(invoices, http):
    document = await add(invoices, INVOICE, "a.txt")
    await work(invoices)
    await http.patch(f"/v1/documents/{document.id}/fields", json={"fields": {"total": "5.00"}})
    await http.delete(f"/v1/documents/{document.id}")
    assert json.loads((await http.get("/v1/fields", params={"format": "json"})).text) == []


async def test_a_setting_names_a_collections_schema(services, http, tmp_path):
    from rag.fields.stage import collection_schema
    from rag.settings import Fields

    file = tmp_path / "tickets.json"
    file.write_text(json.dumps({"properties": {"seat": {"type": "string"}}}))
    settings = services.settings.model_copy(update={"fields": Fields(schemas={"trips": str(file), "bills": "invoice"})})
    told = replace(services, settings=settings)
    assert (await collection_schema("trips", told)).name == "tickets"
    assert (await collection_schema("bills", told)).name == "invoice"
    assert await collection_schema("other", told) is None
