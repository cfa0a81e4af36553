"""What the landlord, the council and the other tenants write about the building."""

from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate

from . import world as w
from .layout import Letterhead, Sheet, running_head, stamp
from .scan import Scanner, scan, to_pdf, to_tiff


def permit_application() -> bytes:
    sheet = Sheet("sans", 10, accent="#20503c")

    def furniture(canvas: Canvas, document: SimpleDocTemplate) -> None:
        Letterhead(w.COUNCIL, "#20503c", "left")(canvas, document)
        if document.page == 1:
            stamp(canvas, ("PLANNING OFFICE", "RECEIVED", "4 AUG 2025"), x=140 * mm, y=244 * mm)

    def pen(text: str) -> str:
        return f"<font name='Courier' color='#1b2f7a'>{text}</font>"

    def fields(*pairs: tuple[str, str]) -> None:
        sheet.table([(name, pen(value)) for name, value in pairs], (58, 108), look="grid", header=False)

    sheet.title("Application for a building permit")
    sheet.notes("Form B-2. Please fill in with a pen or typewriter. Fields marked * are required.")
    sheet.gap(2)
    sheet.heading("A. Applicant")
    fields(
        ("Name or company *", w.LANDLORD.name),
        ("Address *", w.LANDLORD.address),
        ("Contact person", f"{w.TOMAS}, property manager"),
        ("Telephone", w.LANDLORD.phone),
        ("Applicant is", "[X] owner   [ ] tenant   [ ] agent"),
    )
    sheet.heading("B. Site")
    fields(
        ("Address of the building *", "18 Harbour Street, Port Alder"),
        ("Land register folio", "PA 20718 F"),
        ("Year of construction", "1934, altered in 1988"),
        ("Protected structure", "[ ] yes   [X] no"),
        ("Present use", "Restaurant, shop and offices"),
    )
    sheet.heading("C. Works")
    fields(
        ("Description of the works *", "Access ramp at the street entrance; new lift car for 8 persons; glazed fire "
         "door on the second floor"),
        ("Reason for the works", "Step-free access for visitors of the optician and of the offices"),
        ("Estimated cost *", "EUR 86,400.00"),
        ("Planned start", "12 January 2026"),
        ("Planned completion", "27 March 2026"),
    )  # fmt: skip
    sheet.page_break()
    sheet.heading("D. Designer and contractor")
    fields(
        ("Architect *", f"{w.ORLA}, Brennan Marsh Architects"),
        ("Registration number", "RA-3316"),
        ("Contractor, if known", "Garrick Building Services Ltd"),
        ("Liability insurance of the contractor", "EUR 6,500,000"),
    )
    sheet.heading("E. Effect on the public")
    fields(
        ("Footpath closed", "[X] yes   [ ] no     12 to 30 January 2026"),
        ("Width left for pedestrians", "1.60 metres"),
        ("Scaffolding on public land", "[ ] yes   [X] no"),
        ("Noisy work outside 8.00 to 18.00", "[ ] yes   [X] no"),
    )
    sheet.heading("F. Enclosures")
    sheet.table(
        [("Document", "Enclosed", "Sheets"), ("Site plan 1:500", "yes", "1"), ("Plans and sections 1:50", "yes", "6"),
         ("Fire safety statement", "to follow by 1 September 2025", "-"), ("Consent of the neighbours", "yes", "2")],
        (80, 60, 26),
    )  # fmt: skip
    sheet.heading("G. Declaration")
    sheet.text(
        "I declare that the particulars given are true. I know that works must not begin before the permit has been "
        "granted, and that the fee of EUR 432.00 (0.5 per cent of the estimated cost) is not refunded if the "
        "application is withdrawn.",
    )
    sheet.signatures((w.TOMAS, "for the applicant, 1 August 2025"), (w.COLM, "checked for completeness, 6 August 2025"))
    sheet.heading("For office use")
    fields(
        ("Reference number", w.PERMIT),
        ("Officer in charge", w.COLM),
        ("Decision due by", "29 September 2025"),
        ("Fee paid", "EUR 432.00 on 4 August 2025"),
    )
    pdf = sheet.pdf("Application for a building permit", first=furniture, top=34, bottom=24)
    return to_pdf(scan(pdf, Scanner(seed=9, skew=-0.35, noise=3.5, shade=12)), quality=42)


def tenants_minutes() -> bytes:
    sheet = Sheet("serif", 11.5, accent="#222222")
    sheet.title("Minutes of the tenants' meeting, 18 Harbour Street")
    sheet.table(
        [
            ("Date and place", "Wednesday, 25 June 2025, 17.00 to 18.25, back room of The Mooring Bistro"),
            ("Chair", f"{w.TOMAS}, {w.LANDLORD.name}"),
            ("Present", f"{w.DANIEL} (Brightwater Analytics, second floor); Luca Ferrante (The Mooring Bistro, ground "
             "floor); Saoirse Quill (Lumen Opticians, first floor)"),
            ("Apologies", "Owen Pryce (Halyard Design Studio, third floor)"),
            ("Minutes", "Saoirse Quill"),
        ],
        (38, 124), look="grid", header=False,
    )  # fmt: skip
    sheet.heading("1. Service charge for 2024")
    sheet.text(
        "Mr Lindqvist presented the settlement. The cost of the building in 2024 was EUR 24,380.00, against "
        "EUR 22,915.40 the year before. The rise is due to the price of heating gas and to two repairs of the lift. "
        "Brightwater's share of 31 per cent is EUR 7,557.80. It has paid EUR 7,440.00 on account, so that EUR 117.80 "
        "is left to pay by 31 July 2025. Mr Okafor asked to see the invoices for the lift, and he will get copies.",
    )
    sheet.heading("2. Lift")
    sheet.text(
        "The lift dates from 1988 and failed nine times since January. The Landlord will replace the car and the drive. "
        "The lift will be out of service from 12 January to 6 February 2026. Ms Quill pointed out that many of her "
        "customers cannot use the stairs. The Landlord offered to rent a stair climber for those four weeks at its own "
        "cost. A ramp at the street entrance will be built at the same time, subject to the permit of the council.",
    )
    sheet.heading("3. Waste and smell")
    sheet.text(
        "The bins of the restaurant stand below the windows of the optician. Mr Ferrante will move them to the north "
        "wall of the yard before 15 July. From 7 July the waste is collected on Thursdays instead of Mondays.",
    )
    sheet.heading("4. Heating riser on the third floor")
    sheet.text(
        "Mr Okafor reported a damp patch, about the size of a hand, on the ceiling of room 2.07, where Brightwater keeps "
        "its server. Mr Lindqvist thinks that it comes from condensation. He will send a plumber to look at the riser "
        "above the room by 18 July 2025. Mr Okafor asked that this be recorded.",
    )
    sheet.heading("5. Bicycle store and keys")
    sheet.text(
        "The lock of the bicycle store is changed on 2 July. Every tenant receives eight new keys; further keys cost "
        "EUR 18.50 each. Bicycles without a name tag are removed at the end of August and given to the town's "
        "repair workshop.",
    )
    sheet.heading("6. Other business")
    sheet.text(
        "Halyard Design Studio had asked by e-mail for quieter deliveries to the restaurant before 7.00. Mr Ferrante "
        "has agreed with his fish supplier that the van comes after 7.15 from now on. The summer party in the yard "
        "takes place on Friday, 22 August 2025; each tenant contributes EUR 60.00.",
    )
    sheet.heading("Actions")
    sheet.table(
        [
            ("What", "Who", "By"),
            ("Copies of the lift invoices to Brightwater", "Lindqvist", "4 July 2025"),
            ("Plumber to inspect the riser above room 2.07", "Lindqvist", "18 July 2025"),
            ("Move the bins to the north wall", "Ferrante", "15 July 2025"),
            ("Offer for a stair climber", "Lindqvist", "30 September 2025"),
        ],
        (92, 35, 35),
    )
    sheet.text("The next meeting is on Wednesday, 10 December 2025, at 17.00 in the same place.")
    sheet.signatures((w.TOMAS, "Chair"), ("Saoirse Quill", "Minutes"))
    head = running_head("18 Harbour Street: tenants' meeting", "25 June 2025")
    pages = scan(sheet.pdf("Minutes of the tenants' meeting", first=head, side=24), Scanner(seed=13, noise=3, skew=0.5))
    return to_tiff(pages, quality=42)


def landlord_letter() -> bytes:
    sheet = Sheet("serif", 11, accent="#1f3a5f")
    sheet.columns(w.TENANT.block.replace("<br/>", f"<br/>Attn. {w.DANIEL}<br/>", 1), f"Our ref: KQ/18HS/2-0925<br/>Contact: {w.TOMAS}<br/>"
                  "Port Alder, 15 September 2025", (105, 62))  # fmt: skip
    sheet.gap(6)
    sheet.text(
        "<b>Water damage on the second floor of 18 Harbour Street</b>",
        "Dear Mr Okafor,",
        "Thank you for your e-mail of 8 September and for showing our plumber around at such short notice. We are sorry "
        "for the trouble that the water has caused you and your colleagues.",
        "Garrick Building Services opened the wall on the third floor on Monday, 8 September. The leak came from a "
        "compression fitting on the heating riser that had worked loose; the fitting was replaced the same day and the "
        "riser was tested at 6 bar. The report of the plumber does not mention any fault of Halyard Design Studio.",
        f"Under clause 9.2 of the lease we reduce the rent for September 2025 by 20 per cent, which is "
        f"{w.money(w.ABATEMENT)}. We will credit this amount against the rent for October, so that you need not change "
        "your standing order for September. The service charge and the rent of the archive room B-04, which stayed dry, "
        "are not reduced.",
        "The carpet and the painted ceiling of room 2.07 are part of the building only in part: the carpet tiles were "
        "laid by you in 2023 and belong to your contents. We therefore ask you to report them to your own insurer, as "
        "you have already done for the server. The ceiling will be repainted at our cost in the week of 13 October 2025, "
        "once the moisture in the plaster has fallen below 1 per cent.",
        "Two dryers will remain in room 2.07 until the readings are good. Their electricity runs over your meter; please "
        "note the readings at the beginning and at the end, and we will refund the cost at EUR 0.31 per kilowatt hour.",
        "Please call me at any time if something does not go as it should.",
        "Yours sincerely,",
    )
    sheet.signatures((w.TOMAS, "Property Manager"))
    return sheet.pdf("Letter on water damage", first=Letterhead(w.LANDLORD, "#1f3a5f", "centre"), top=36, bottom=24)


def delivery_note() -> bytes:
    sheet = Sheet("sans", 11, accent="#b5481e")
    sheet.columns(
        f"<b>Deliver to</b><br/>{w.TENANT.block}<br/>Second floor, Attn. {w.DANIEL}",
        f"<b>Delivery note {w.DELIVERY}</b><br/>Date: 7 May 2025<br/>Your order: {w.ORDER}<br/>Driver: S. Mulvey, van 4",
    )
    rows = [("Pos.", "Article", "Ordered", "Delivered", "Cartons")]
    for index, (line, cartons) in enumerate(zip(w.FURNITURE.lines[:3], ("12", "12", "4"), strict=True), start=1):
        rows.append((str(index), line.text, f"{line.quantity} {line.unit}", f"{line.quantity} {line.unit}", cartons))
    sheet.table(rows, (14, 84, 24, 26, 20), look="grid", right=(2, 3, 4))
    sheet.text(
        "Total: 28 cartons on 5 pallets, gross weight 614 kg. Delivered between 9.10 and 10.45 through the rear yard; "
        "the lift was used for the chairs only. The assembly team follows on 8 May 2025.",
        "The empty pallets were taken back. Packaging is collected after the assembly at no charge.",
    )
    sheet.heading("Remarks of the receiver")
    sheet.text(
        "<font name='Courier' color='#1b2f7a'>Carton 9 of 28: desk top scratched at the front left corner. Driver has "
        "taken photos. Replacement top promised for 21 May 2025. All else complete.</font>",
    )
    sheet.text(
        "Goods remain the property of Northgate Office Supply Ltd until paid in full. Damage that can be seen must be "
        "noted on this paper; hidden damage must be reported within seven days.",
    )
    sheet.signatures((w.DANIEL, "Goods received, 7 May 2025"), ("Sean Mulvey", "Driver"))

    def furniture(canvas: Canvas, document: SimpleDocTemplate) -> None:
        Letterhead(w.NORTHGATE, "#b5481e", "left", numbered=False)(canvas, document)
        canvas.setStrokeColor(HexColor("#333333"))
        for index, width in enumerate((1, 3, 1, 2, 1, 1, 3, 2, 1, 3, 1, 1, 2, 3, 1, 2)):  # a bar code of sorts
            canvas.setLineWidth(width * 0.8)
            canvas.line((150 + index * 2.2) * mm, 42 * mm, (150 + index * 2.2) * mm, 54 * mm)

    pages = scan(sheet.pdf("Delivery note", first=furniture, top=36), Scanner(seed=27, skew=0.3, noise=3.5))
    return to_pdf([page.rotate(-90, expand=True) for page in pages], quality=45)
