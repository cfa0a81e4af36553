"""Orders, invoices and a receipt."""

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate

from . import world as w
from .layout import Letterhead, Sheet, stamp
from .scan import Scanner, few_greys, photograph, scan, to_jpeg, to_pdf, to_png

RUST, TEAL = "#b5481e", "#0f5e63"


def purchase_order() -> bytes:
    sheet = Sheet("sans", 10, accent="#24476b")
    sheet.title(f"Purchase order {w.ORDER}")
    sheet.columns(
        f"<b>To</b><br/>{w.NORTHGATE.block}<br/>Attn. Gerald Finch, Sales",
        f"<b>Date:</b> 22 April 2025<br/><b>Your quotation:</b> Q-7734 of 15 April 2025<br/>"
        f"<b>Ordered by:</b> {w.DANIEL}<br/><b>Approved by:</b> {w.RUTH}<br/><b>Cost centre:</b> 4100 Premises",
    )
    sheet.text("Please supply the following goods on the terms below.")
    rows = [("Pos.", "Article", "Quantity", "Unit price EUR", "Amount EUR")]
    for index, line in enumerate(w.FURNITURE.lines, start=1):
        rows.append((str(index), line.text, f"{line.quantity} {line.unit}", w.amount(line.price), w.amount(line.total)))
    rows.append(("", "Total without VAT", "", "", w.amount(w.FURNITURE.net)))
    sheet.table(rows, (12, 82, 22, 26, 26), look="zebra", right=(2, 3, 4), bold_rows=(-1,))
    sheet.heading("Delivery")
    sheet.text(
        "Delivery to 18 Harbour Street, second floor, not later than 9 May 2025, between 8.00 and 11.00, through the "
        f"rear yard. Please announce the delivery one day ahead to {w.DANIEL}, telephone {w.TENANT.phone}. The lift "
        "carries 320 kg at most and is 1.95 metres high, so desk tops have to go up the stairs.",
    )
    sheet.heading("Terms")
    sheet.bullets(
        "Payment within 30 days after the invoice has been received and the goods are complete.",
        "The invoice must show our order number; invoices without it are returned unpaid.",
        "For each full week of delay we deduct 0.5 per cent of the value of the order, up to 5 per cent.",
        "Warranty: five years on desk frames and motors, three years on chairs.",
        "The desks are for the twelve new workplaces in the east wing; the colour of the oak must match sample 3.",
    )
    sheet.text("Please confirm this order by e-mail to purchasing@brightwater.example within two working days.")
    sheet.signatures((w.DANIEL, "Office Manager"), (w.RUTH, "Head of Finance"))
    return sheet.pdf(f"Purchase order {w.ORDER}", first=Letterhead(w.TENANT, "#24476b"), top=34, bottom=24)


def _northgate(bill: w.Bill, *, reference: str, closing: tuple[str, ...], stamped: bool = False) -> bytes:
    sheet = Sheet("sans", 10, accent=RUST)
    sheet.columns(
        f"<font size='7.5' color='#6b6f76'>{w.NORTHGATE.name}, {w.NORTHGATE.address}</font><br/>{w.TENANT.block}",
        f"<b>Invoice number:</b> {bill.number}<br/><b>Invoice date:</b> {bill.date}<br/><b>Customer number:</b> 20418"
        f"<br/>{reference}",
    )
    sheet.gap(6)
    sheet.title(f"Invoice {bill.number}")
    rows = [("Pos.", "Description", "Quantity", "Unit price", "Amount EUR")]
    for index, line in enumerate(bill.lines, start=1):
        rows.append((str(index), line.text, f"{line.quantity} {line.unit}", w.amount(line.price), w.amount(line.total)))
    sheet.table(rows, (12, 82, 24, 24, 26), look="grid", right=(2, 3, 4))
    sheet.table(
        [("", "Net amount", w.amount(bill.net)), ("", "VAT 23 %", w.amount(bill.vat)), ("", "Total due", w.money(bill.total))],
        (94, 42, 32), look="plain", header=False, right=(2,), bold_rows=(-1,),
    )  # fmt: skip
    sheet.text(*closing)

    def furniture(canvas: Canvas, document: SimpleDocTemplate) -> None:
        Letterhead(w.NORTHGATE, RUST, "band")(canvas, document)
        if stamped:
            stamp(canvas, ("BRIGHTWATER", "RECEIVED 2 JUL 2025"), x=135 * mm, y=34 * mm, angle=5)

    return sheet.pdf(f"Invoice {bill.number}", first=furniture, top=36, bottom=24)


def northgate_furniture() -> bytes:
    bill = w.FURNITURE
    return _northgate(
        bill,
        reference=f"<b>Your order:</b> {w.ORDER}<br/><b>Delivery note:</b> {w.DELIVERY} of 7 May 2025",
        closing=(
            f"Please pay the total of {w.money(bill.total)} by {bill.due} to IBAN {w.NORTHGATE.iban} at {w.BANK.name}, "
            f"quoting the invoice number {bill.number}.",
            "Warranty: five years on desk frames and motors, three years on chairs, counted from the day of delivery. "
            "The replacement for the scratched desk top is sent on 21 May 2025 free of charge.",
            "Thank you for your order. Questions about this invoice are answered by Gerald Finch, Sales, extension 24.",
        ),
    )


def northgate_stationery() -> bytes:
    bill = w.STATIONERY
    pdf = _northgate(
        bill,
        reference="<b>Your order:</b> by telephone, 24 June 2025<br/><b>Delivery note:</b> DN-5608 of 27 June 2025",
        closing=(
            f"The total is payable by {bill.due}. If you pay within 10 days of the invoice date you may deduct a discount "
            "of 2 per cent from the total.",
            f"Account: IBAN {w.NORTHGATE.iban}, {w.BANK.name}. Please quote {bill.number}.",
            "From 1 August 2025 deliveries below EUR 150.00 carry a freight charge of EUR 12.50. Empty toner cartridges "
            "are collected free of charge with the next delivery.",
        ),
        stamped=True,
    )
    return to_pdf(scan(pdf, Scanner(seed=4, skew=-0.5, noise=4)), quality=48)


def _solvane(bill: w.Bill, *, subject: str, closing: tuple[str, ...]) -> bytes:
    sheet = Sheet("serif", 11, accent=TEAL)
    sheet.right(f"<b>{w.SOLVANE.name}</b><br/>{w.SOLVANE.street}<br/>{w.SOLVANE.town}<br/>billing@{w.SOLVANE.domain}")
    sheet.text(f"<b>Bill to</b><br/>{w.TENANT.block}<br/>VAT {w.TENANT.vat}")
    sheet.rule()
    sheet.table(
        [("Invoice", "Date", "Payment due", "Contract"), (bill.number, bill.date, bill.due, "MSA-2023-077")],
        (42, 42, 42, 40),
    )
    sheet.text(f"<b>{subject}</b>")
    rows = [("Service", "Units", "Rate", "Sum")]
    rows += [
        (line.text, f"{line.quantity} {line.unit}", w.amount(line.price), w.amount(line.total)) for line in bill.lines
    ]
    rows += [("Subtotal", "", "", w.amount(bill.net)), ("Value added tax at 23 %", "", "", w.amount(bill.vat))]
    rows.append(("Amount payable", "", "", w.money(bill.total)))
    sheet.table(rows, (88, 28, 22, 30), right=(1, 2, 3), bold_rows=(-1,))
    sheet.text(*closing)
    sheet.rule()
    sheet.notes(
        f"{w.SOLVANE.register}. VAT {w.SOLVANE.vat}. IBAN {w.SOLVANE.iban}, Corvane Bank. Telephone {w.SOLVANE.phone}."
    )
    return sheet.pdf(f"Invoice {bill.number}", side=21)


def solvane_managed() -> bytes:
    return _solvane(
        w.MANAGED_NETWORK,
        subject="Managed services, third quarter of 2025",
        closing=(
            "Payment within 14 days. Your next invoice for managed services will be issued on 1 October 2025.",
            "The on-site support of June covered the move of twelve workplaces into the east wing (tickets 2207 and 2213) "
            "and the exchange of a failed access point in the meeting room (ticket 2231). Travel time is not charged "
            "within Port Alder.",
            "Please note that the price of endpoint protection rises from EUR 13.50 to EUR 14.20 per device and quarter "
            "on 1 January 2026, because the licence fee of the manufacturer goes up. You may cancel this service with "
            "three months' notice to the end of a quarter.",
        ),
    )


def solvane_emergency() -> bytes:
    pdf = _solvane(
        w.EMERGENCY,
        subject="Emergency work after the water damage of 6 September 2025",
        closing=(
            "Our engineer Kofi Brandt was on site on Saturday, 6 September from 9.30 to 15.30 and on Sunday, 7 September "
            "from 10.00 to 15.00. The old server (serial number RL4-20881) could not be saved, because water had reached "
            "the power supply and both processor boards. All data up to Friday, 5 September, 23.00 were recovered from "
            "the mirrored disks.",
            "The old server is kept at our workshop until 31 October 2025, so that your insurer can inspect it.",
            "The new server carries a manufacturer's warranty of 36 months.",
        ),
    )
    page = scan(pdf, Scanner(seed=6, skew=0.45, noise=2.5, paper=240))[0]
    return to_png(few_greys(page))


def receipt() -> bytes:
    sheet = Sheet("mono", 9.5, accent="#111111")
    sheet.title("THE MOORING BISTRO", centre=True)
    sheet.text("18 Harbour Street, Port Alder<br/>Tel. +353 99 555 0119<br/>VAT IE 5402267K", "RECEIPT No. 20417-B")
    sheet.text("Date: 8 October 2025 13:24<br/>Table 6 - Guests: 4<br/>Served by: Chiara")
    sheet.rule()
    sheet.table(
        [
            ("3 x Lunch menu 19.50", "58.50"),
            ("1 x Seafood chowder", "11.90"),
            ("2 x Sparkling water", "10.80"),
            ("3 x Espresso 2.80", "8.40"),
        ],
        (46, 20), look="plain", header=False, right=(1,),
    )  # fmt: skip
    sheet.text("Subtotal 89.60<br/>Tip 5.00")
    sheet.heading("TOTAL EUR 94.60")
    sheet.rule()
    sheet.text(
        "Incl. VAT 13.5 % 10.66<br/>Paid by card Visa **** 4471<br/>Approval code 086615",
        "Reason: lunch with Alder<br/>Water Utility, R. Haddow<br/>Paid by: Daniel Okafor",
        "Thank you! Kitchen open until 22:00, closed on Mondays.",
    )
    pdf = sheet.pdf("Receipt", size=(80 * mm, 158 * mm), top=5, bottom=4, side=5)
    page = scan(pdf, Scanner(seed=7, dpi=260, skew=0.2, noise=2, speckles=6, paper=250))[0]
    return to_jpeg(photograph(page, seed=7), dpi=260, quality=62)
