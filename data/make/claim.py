"""The water damage of September 2025, from the first e-mail to the settlement."""

import io

from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate

from . import world as w
from .layout import Letterhead, Sheet, stamp
from .scan import Scanner, few_greys, scan, to_jpeg, to_pdf, to_png


def leak_email() -> bytes:
    sheet = Sheet("sans", 10.5, accent="#333333")
    sheet.text(f"<b><font size='13'>{w.DANIEL}</font></b>")
    sheet.rule()
    sheet.table(
        [
            ("<b>From:</b>", f"{w.DANIEL} &lt;daniel.okafor@{w.TENANT.domain}&gt;"),
            ("<b>To:</b>", f"{w.TOMAS} &lt;lindqvist@{w.LANDLORD.domain}&gt;"),
            ("<b>Cc:</b>", f"{w.HELENA}; {w.RUTH}"),
            ("<b>Sent:</b>", "Monday, 8 September 2025 08:52"),
            ("<b>Subject:</b>", "Water in our server room, 18 Harbour Street, second floor"),
            ("<b>Attachments:</b>", "IMG_3318.jpg; IMG_3321.jpg; IMG_3326.jpg; readings.xlsx"),
        ],
        (30, 134), look="plain", header=False,
    )  # fmt: skip
    sheet.rule()
    sheet.text(
        "Dear Tomas,",
        "As I told your emergency line on Saturday, water came through the ceiling of room 2.07 at the weekend. Our "
        "cleaner, Mrs Halloran, found it on Saturday, 6 September at 7.40 in the morning. By then it had run under the "
        "door into the open-plan office. The leak sensor did raise the alarm at 6.55, but the building's alarm panel was "
        "switched to test, so nobody was called.",
        "What we know so far:",
    )
    sheet.bullets(
        "The server in room 2.07 was standing in the stream and is dead. Solvane worked on it all weekend and hopes to "
        "save the data.",
        "Two network switches in the same rack are wet and will be replaced.",
        "About 64 square metres of carpet are soaked, in room 2.07 and in the corridor up to the kitchen.",
        "Twelve people cannot use their desks this week. We have rented desks at Harbour Co-Work from Monday to Friday.",
        "Nobody was hurt, and the archive room in the basement is dry.",
    )
    sheet.text(
        "I do not want to quarrel, but I did report a damp patch in exactly this place at the tenants' meeting in June, "
        "and the minutes say that a plumber would look at the riser by 18 July. As far as I know nobody came.",
        "Please let me have three things: the report of your plumber as soon as you have it; the name of your building "
        "insurer; and a word on the rent for September, since clause 9.2 of the lease speaks of a reduction when rooms "
        "cannot be used for more than three days.",
        "I am on site all week, mobile +353 99 555 0178. The dryers arrive at noon and will be loud; I have warned "
        "Saoirse downstairs.",
        "Best regards,<br/>Daniel",
        f"{w.DANIEL}<br/>Office Manager<br/>{w.TENANT.name}<br/>{w.TENANT.address}",
    )
    sheet.gap(4)
    sheet.notes("Printed by Ruth Castellan on 9 September 2025. Please think of the environment before printing.")
    return sheet.pdf("Water in our server room", side=22, top=18)


def lawyers_letter() -> bytes:
    sheet = Sheet("serif", 12, accent="#4a1d2f")
    sheet.columns(
        f"{w.LANDLORD.block}<br/>Attn. {w.MARGARET}", "Our ref: FA/2025/441<br/>By registered letter<br/>2 October 2025",
        (100, 62),
    )  # fmt: skip
    sheet.gap(4)
    sheet.text(
        "<b>Brightwater Analytics Ltd: defects at 18 Harbour Street, second floor</b>",
        "Dear Ms Oduya,",
        "We act for your tenant, Brightwater Analytics Ltd. Our client has shown us your letter of 15 September 2025. It "
        f"accepts the reduction of {w.money(w.ABATEMENT)} for September, but only as a payment on account, for two reasons.",
        "First, room 2.07, which measures 40 square metres, cannot be used to this day. Mould has been found behind the "
        "east wall, and its removal will cost EUR 1,860.00 according to the enclosed estimate. Under clause 9.1 of the "
        "lease the heating risers, and therefore this cost, are yours to bear.",
        "Secondly, the damp patch above the server was recorded in the minutes of 25 June 2025. The inspection promised "
        "for 18 July did not take place. Had it taken place, the loose fitting would have been found.",
        "On behalf of our client we therefore ask you to send us the plumber's report and the log of the alarm panel by "
        "24 October 2025; to confirm that you will bear the cost of removing the mould; and to reduce the rent for "
        "October 2025 by a further 10 per cent.",
        "Our client has no wish to leave the building and would prefer to settle this without the courts. It proposes a "
        "meeting at our office on 29 October 2025 at 10.00. All its rights are reserved.",
        "Yours sincerely,",
    )
    sheet.signatures((w.BEATRIZ, "Partner"))

    def furniture(canvas: Canvas, document: SimpleDocTemplate) -> None:
        Letterhead(w.LAWYERS, "#4a1d2f", "centre", numbered=False)(canvas, document)
        stamp(canvas, ("KESTREL QUAY", "RECEIVED 6 OCT 2025"), x=138 * mm, y=36 * mm, angle=6)

    pdf = sheet.pdf("Letter of Fenwick & Araujo", first=furniture, top=36, side=24, bottom=24)
    return to_png(few_greys(scan(pdf, Scanner(seed=17, skew=-0.4, noise=2.5, paper=240))[0]))


def claim_letter() -> bytes:
    sheet = Sheet("serif", 11.5, accent="#24476b")
    sheet.columns(
        f"{w.INSURER.block}<br/>Claims department",
        f"26 September 2025<br/>Policy: {w.POLICY}<br/>Your claim no.: {w.CLAIM}",
    )
    sheet.gap(3)
    sheet.text(
        f"<b>Claim for water damage on {w.LEAK_DAY}, policy {w.POLICY}</b>",
        f"Dear Ms {w.INGRID.split()[1]},",
        "As announced by telephone on 9 September we claim under our contents and equipment policy for the water damage "
        "in our office on the second floor of 18 Harbour Street. Water from a heating pipe on the third floor ran through "
        "the ceiling of our server room. Our losses, without VAT, which we can recover from the tax office, are:",
    )
    sheet.table(
        [
            ("Item", "Evidence", "EUR"),
            ("Server, switches, recovery of data, engineer", f"Solvane invoice {w.EMERGENCY.number}", w.amount(w.EMERGENCY.net)),
            ("Carpet, 64 square metres at 46.00", "Estimate Delaney Floors", w.amount(w.CARPET)),
            ("Hire of dryers, 9 days at 85.00", "Dryline Hire 25-3390", w.amount(w.DRYING)),
            ("Twelve rented desks, 5 days at 230.00", "Harbour Co-Work 1182", w.amount(w.COWORKING)),
            ("Total claimed", "", w.amount(w.CLAIMED)),
        ],
        (80, 56, 26), look="plain", right=(2,), bold_rows=(-1,),
    )  # fmt: skip
    sheet.text(
        f"In total we claim {w.money(w.CLAIMED)}. We know that an excess of {w.money(w.EXCESS)} applies to each event. The server was bought in August 2022. It can "
        "be inspected at the workshop of Solvane IT Services, 41 Ropewalk, until 31 October 2025.",
        "The cause was a loose fitting on the riser, as our landlord, Kestrel Quay Properties Ltd, has confirmed to us in "
        "writing. We enclose that letter, so that you can take recourse if you see fit. We have not waived any claim "
        "against the landlord.",
        "Enclosed are four invoices and estimates, eleven photographs and a copy of the landlord's letter. Please tell us "
        f"when your adjuster would like to come; {w.DANIEL} will show him the rooms. Kindly pay to our account IBAN "
        f"{w.TENANT.iban} at {w.BANK.name}.",
        "Yours sincerely,",
    )
    sheet.signatures((w.RUTH, "Head of Finance"))
    pdf = sheet.pdf("Claim for water damage", first=Letterhead(w.TENANT, "#24476b"), top=34, bottom=24)
    return to_pdf(scan(pdf, Scanner(seed=24, skew=0.5, noise=4, speckles=70)), quality=46)


def _adjuster_report() -> bytes:
    """The second page of the settlement, as a clean page before it is scanned."""
    sheet = Sheet("serif", 11.5, accent="#222222")
    sheet.title("Report of the loss adjuster")
    sheet.text(f"Claim {w.CLAIM}. Inspection of 14 October 2025 by {w.ADJUSTER}, Harlan Loss Adjusters, Port Alder.")
    sheet.text(
        "I inspected the second floor of 18 Harbour Street together with Mr Okafor, and the old server at the workshop of "
        "Solvane. The course of the water can be followed without doubt from the riser on the third floor to the rack in "
        "room 2.07. Corrosion on the boards of the server agrees with the date reported. I found no sign of earlier "
        "damage to the carpet.",
        f"The server was three years old. I deduct {w.money(w.WEAR)} for wear, which is 20 per cent of the price of the "
        "new one. For rented desks the policy pays at most EUR 180.00 a day, so that five days give EUR 900.00 instead of "
        "EUR 1,150.00. The other items are accepted as claimed.",
    )
    sheet.table(
        [
            ("Item", "Claimed EUR", "Accepted EUR"),
            ("Server, switches, recovery of data", w.amount(w.EMERGENCY.net), w.amount(w.EMERGENCY.net - w.WEAR)),
            ("Carpet", w.amount(w.CARPET), w.amount(w.CARPET)),
            ("Hire of dryers", w.amount(w.DRYING), w.amount(w.DRYING)),
            ("Rented desks", w.amount(w.COWORKING), w.amount(w.COWORKING_LIMIT)),
            ("Total", w.amount(w.CLAIMED), w.amount(w.ASSESSED)),
        ],
        (86, 36, 40), look="grid", right=(1, 2), bold_rows=(-1,),
    )  # fmt: skip
    sheet.text(
        "Recourse: the fitting had been installed in 2019 by a contractor of the landlord. The alarm panel was in test mode "
        "from 1 to 8 September, so that the alarm of 6.55 reached nobody. In my view recourse against the insurer of the "
        "building has good prospects, and I recommend to keep the fitting as evidence.",
    )
    sheet.signatures((w.ADJUSTER, "Loss adjuster, 24 October 2025"))
    return sheet.pdf("Report of the loss adjuster", side=25)


def settlement() -> bytes:
    """Page 1 born digital, page 2 a scan of the adjuster's report."""
    sheet = Sheet("sans", 10.5, accent="#5a2a82")
    sheet.columns(
        f"{w.TENANT.block}<br/>Attn. {w.RUTH}",
        f"7 November 2025<br/>Claim: {w.CLAIM}<br/>Policy: {w.POLICY}<br/>Handled by: {w.INGRID}",
    )
    sheet.gap(4)
    sheet.title("We settle your claim")
    sheet.text(
        "Dear Ms Castellan,",
        f"Thank you for your patience. We have examined your claim for the water damage on {w.LEAK_DAY} and the report of "
        f"our adjuster, {w.ADJUSTER}, which is attached as page 2. We accept that the damage is covered as an escape of "
        "water from pipes under section 4 of your policy.",
    )
    rows = [
        ("Settlement", "EUR"),
        ("Accepted loss according to the adjuster's report", w.amount(w.ASSESSED)),
        ("Less your excess for each event", f"-{w.amount(w.EXCESS)}"),
        ("Amount that we pay", w.amount(w.SETTLED)),
    ]
    sheet.table(rows, (120, 40), look="zebra", right=(1,), bold_rows=(-1,))
    sheet.text(
        f"We will transfer {w.money(w.SETTLED)} to your account at {w.BANK.name} within ten working days of the date of this "
        "letter. You need not do anything.",
        "Two positions are lower than in your claim: the server is paid at its value at the time of the loss, and the cost "
        "of rented desks is limited by section 11 of the policy. If you do not agree, you may ask for a second opinion "
        "within six weeks. The cost of the second adjuster is shared equally if his result differs from ours by less than "
        "10 per cent.",
        "With this payment your claims against those responsible for the damage pass to us up to the amount paid. Please "
        "do not sign any waiver towards your landlord or its contractors without asking us first, and keep the fitting "
        "and the old server until we release them in writing.",
        "Your premium of EUR 1,212.00 a quarter does not change, because this is your first claim in five years. We do "
        "recommend raising the rack in the server room by at least 20 centimetres.",
        "Yours sincerely,",
    )
    sheet.signatures((w.INGRID, "Claims Handler, Tidewell Mutual Insurance"))
    sheet.page_break()
    sheet.gap(1)
    scanned = scan(_adjuster_report(), Scanner(seed=25, skew=-0.5, noise=3.5))[0]
    letterhead = Letterhead(w.INSURER, "#5a2a82", "band")

    def image_page(canvas: Canvas, document: SimpleDocTemplate) -> None:
        width, height = document.pagesize
        canvas.drawImage(ImageReader(io.BytesIO(to_jpeg(scanned, quality=42))), 0, 0, width, height)

    return sheet.pdf("Settlement of claim", first=letterhead, later=image_page, top=36, bottom=24)
