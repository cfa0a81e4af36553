"""Make the sample documents, their manifest and the table in README.md. Run: python data/make_samples.py [--check]

The facts are in make/world.py, the documents in the other modules of make/. The same versions of the libraries give the
same bytes. With --check nothing is written: every page that a question names is read (scans with tesseract), and answers
that cannot be found there are listed.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium
from make import building, claim, contracts, finance, people, research, trade
from make.check import unreadable_answers
from PIL import Image

HERE = Path(__file__).parent
SAMPLES = HERE / "samples"
TABLE_START, TABLE_END = "<!-- table of documents -->\n", "<!-- end of table -->\n"


@dataclass(frozen=True)
class Sample:
    file: str
    type: str
    title: str
    make: Callable[[], bytes]
    scanned_pages: tuple[int, ...] = ()


def plain(text: str) -> Callable[[], bytes]:
    return lambda: text.encode()


DOCUMENTS = (
    Sample("lease-harbour-street.pdf", "contract", "Commercial lease, 18 Harbour Street", contracts.lease),
    Sample("lease-amendment-scan.pdf", "contract", "First amendment to the lease", contracts.amendment, (1, 2)),
    Sample("employment-contract-farrell.pdf", "contract", "Contract of employment, Niamh Farrell", contracts.employment_contract),
    Sample("nda-clinic.pdf", "contract", "Mutual non-disclosure agreement with the clinic", contracts.nda),
    Sample("invoice-northgate-1187.pdf", "invoice", "Invoice NOS-2025-1187, desks and chairs", trade.northgate_furniture),
    Sample("invoice-northgate-1342-scan.pdf", "invoice", "Invoice NOS-2025-1342, cabinets and paper", trade.northgate_stationery, (1,)),
    Sample("invoice-solvane-10482.pdf", "invoice", "Invoice SV-10482, managed network", trade.solvane_managed),
    Sample("invoice-solvane-10517.png", "invoice", "Invoice SV-10517, emergency work", trade.solvane_emergency, (1,)),
    Sample("receipt-mooring-bistro.jpg", "receipt", "Receipt of The Mooring Bistro, photographed", trade.receipt, (1,)),
    Sample("letter-landlord-rent-reduction.pdf", "letter", "Landlord on the water damage and the rent", building.landlord_letter),
    Sample("letter-solicitors-defects.png", "letter", "Solicitors to the landlord on defects", claim.lawyers_letter, (1,)),
    Sample("letter-insurance-claim-scan.pdf", "letter", "Claim for water damage", claim.claim_letter, (1,)),
    Sample("letter-insurance-settlement.pdf", "letter", "Settlement of the claim, with the adjuster's report as a scan", claim.settlement, (2,)),
    Sample("fax-clinic-vaccination.tif", "letter", "Fax of the clinic on flu vaccination", people.clinic_fax, (1,)),
    Sample("email-water-damage.pdf", "e-mail", "E-mail to the landlord on the water damage, printed", claim.leak_email),
    Sample("email-nda-advice.txt", "e-mail", "E-mail of the solicitor on the draft agreement", plain(research.LEGAL_EMAIL)),
    Sample("form-building-permit-scan.pdf", "form", "Application for a building permit", building.permit_application, (1, 2)),
    Sample("report-q3-2025.pdf", "report", "Report on the third quarter of 2025", finance.quarterly_report),
    Sample("bank-statement-2025-09.pdf", "financial statement", "Account statement, September 2025", finance.statement),
    Sample("resume-niamh-farrell.pdf", "resume", "Resume of Niamh Farrell", people.resume),
    Sample("paper-leak-forecast.pdf", "scientific paper", "Forecasting leaks from night flow", research.paper),
    Sample("news-tidewatch.txt", "news article", "Newspaper article on Tidewatch", plain(research.NEWS_ARTICLE)),
    Sample("policy-travel-expenses.pdf", "policy", "Travel and expenses policy TE-07", people.travel_policy),
    Sample("minutes-management-2025-10.pdf", "minutes", "Minutes of the management meeting", people.management_minutes),
    Sample("minutes-tenants-2025-06.tif", "minutes", "Minutes of the tenants' meeting", building.tenants_minutes, (1, 2)),
    Sample("slides-tidewatch-kickoff.pdf", "presentation", "Kick-off slides of Tidewatch", research.slides),
    Sample("purchase-order-2025-031.pdf", "other", "Purchase order BW-PO-2025-031", trade.purchase_order),
    Sample("delivery-note-5521-rotated.pdf", "other", "Delivery note DN-5521, scanned sideways", building.delivery_note, (1,)),
    Sample("notes-tidewatch.md", "other", "Project notes on Tidewatch", plain(research.PROJECT_NOTES)),
)  # fmt: skip


def count_pages(path: Path) -> int:
    match path.suffix:
        case ".pdf":
            document = pdfium.PdfDocument(path)
            count = len(document)
            document.close()
            return count
        case ".tif" | ".png" | ".jpg":
            with Image.open(path) as image:
                return getattr(image, "n_frames", 1)
        case _:
            return 1


def write_all() -> None:
    SAMPLES.mkdir(exist_ok=True)
    entries = []
    for sample in DOCUMENTS:
        path = SAMPLES / sample.file
        path.write_bytes(sample.make())
        entries.append(
            {
                "file": sample.file,
                "type": sample.type,
                "title": sample.title,
                "pages": count_pages(path),
                "scanned": bool(sample.scanned_pages),
                "scanned_pages": list(sample.scanned_pages),
            }
        )
    (SAMPLES / "manifest.json").write_text(json.dumps(entries, indent=2) + "\n")
    rows = ["| file | type | pages | kind | what it is |\n", "|---|---|---|---|---|\n"]
    for entry in entries:
        kind = {0: "text", entry["pages"]: "scan"}.get(len(entry["scanned_pages"]), "text and scan")
        rows.append(f"| {entry['file']} | {entry['type']} | {entry['pages']} | {kind} | {entry['title']} |\n")
    readme = HERE / "README.md"
    before, rest = readme.read_text().split(TABLE_START)
    readme.write_text(before + TABLE_START + "".join(rows) + TABLE_END + rest.split(TABLE_END)[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="look for every answer on its page instead of writing")
    if not parser.parse_args().check:
        write_all()
        return 0
    missing = unreadable_answers(HERE / "questions.jsonl", SAMPLES)
    for problem in missing:
        sys.stdout.write(f"{problem}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
