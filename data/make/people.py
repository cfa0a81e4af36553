"""What people write at work: a resume, a policy, minutes, a fax."""

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate

from . import world as w
from .layout import Letterhead, Sheet, running_head
from .scan import Scanner, scan, threshold, to_tiff

NAVY = "#24476b"


def resume() -> bytes:
    sheet = Sheet("sans", 10, accent="#0b6b5d")
    sheet.title("Niamh Farrell")
    sheet.text("<b>Data engineer</b> | 7 Lantern Row, Port Alder | +353 99 555 0236 | niamh.farrell@post.example")
    sheet.rule()
    sheet.text(
        "Data engineer with seven years in logistics and water supply. I build pipelines that survive bad sensors, and I "
        "like to explain to the people in the control room what a model can and cannot know.",
    )
    sheet.heading("Experience")
    sheet.text("<b>Alder Water Utility, data engineer</b> | March 2021 to August 2025")
    sheet.bullets(
        "Built the store of meter readings for 14 supply districts: 2.1 million readings a day, from 36 hours late to "
        "15 minutes late.",
        "Wrote the first forecast of leaks from night flow, which became the subject of a paper with Joachim Petersen.",
        "Led a group of three and trained the staff of the control room in reading alarms.",
        "Replaced a licence for a commercial data historian, saving EUR 48,000 a year.",
    )
    sheet.text("<b>Hollis Freight, junior developer, later developer</b> | September 2018 to February 2021")
    sheet.bullets(
        "Planned routes for 60 lorries with open map data and cut empty kilometres by 9 per cent.",
        "Moved the dispatch system from a single server to a small cluster without a day of downtime.",
        "Ran the on-call rota and wrote its handbook.",
    )
    sheet.heading("Education")
    sheet.table(
        [
            ("2016 - 2018", "MSc Statistics, University of West Alder, first-class honours. Thesis: Change points in noisy "
             "flow series"),
            ("2012 - 2016", "BSc Mathematics, Saltmarsh College, with a year abroad in Porto"),
        ],
        (28, 138), look="plain", header=False,
    )  # fmt: skip
    sheet.heading("Skills")
    sheet.table(
        [
            ("Languages", "English (native), Portuguese (fluent), Irish (good), German (basic)"),
            ("Programming", "Python, SQL, Rust; PostgreSQL, Kafka, Airflow; Kubernetes in daily use"),
            ("Certificates", "Certified Kubernetes Administrator, 2023; first-aider at work, valid until May 2027"),
        ],
        (28, 138), look="plain", header=False,
    )  # fmt: skip
    sheet.heading("Publication and teaching")
    sheet.text(
        "N. Farrell and J. Petersen: Forecasting leaks in small water networks from night flow. Proceedings of the West Alder "
        "Workshop on Water Data, 2024, pages 41 to 42.",
        'Seminar "Data from the real world" for second-year students, University of West Alder, every spring since 2022.',
    )
    sheet.heading("Volunteering and interests")
    sheet.text(
        "Treasurer of the Port Alder Rowing Club since 2020. Sea swimming, mending old radios, choir (alto).",
        "References are available from Joachim Petersen, University of West Alder, and Maeve Tierney, head of operations at "
        "Alder Water Utility.",
    )
    return sheet.pdf("Resume of Niamh Farrell", side=21, top=18, bottom=16)


def travel_policy() -> bytes:
    sheet = Sheet("sans", 10.5, accent=NAVY)
    sheet.title("Travel and expenses policy")
    sheet.table(
        [
            ("Document", "TE-07, version 3, replaces version 2 of 1 June 2022"),
            ("In force from", "1 January 2025"),
            ("Owner", f"{w.RUTH}, Head of Finance"),
            ("Applies to", f"All employees and contractors of {w.TENANT.name}"),
        ],
        (38, 128), look="grid", header=False,
    )  # fmt: skip
    sheet.clauses(
        1, "Principles",
        "Travel only when a call will not do. Choose the option with the lowest total cost, counting your time. Nobody has "
        "to pay for the company's business from their own pocket for longer than a month.",
        "Trips inside the county need no approval. Trips inside the country are approved by the head of the team, trips "
        f"abroad by the managing director. Any trip above EUR 1,500.00 in total also needs the approval of {w.RUTH}.",
    )  # fmt: skip
    sheet.clauses(
        2, "Trains, flights and cars",
        "The train is the standard. First class is allowed for journeys of more than three hours.",
        "Flights are booked in economy class, and only where the train takes longer than six hours. We pay for the "
        "compensation of emissions.",
        "For a private car the company pays EUR 0.42 per kilometre, and EUR 0.05 more for each colleague who rides along. "
        "Fines are never paid.",
        "Taxis are allowed between 22.00 and 6.00, with heavy luggage, or where no bus runs within 30 minutes.",
    )  # fmt: skip
    sheet.page_break()
    sheet.clauses(
        3, "Hotels and meals",
        "The limits below apply per person and night or day. If no room can be found within the limit, ask before booking; "
        "the answer comes within one working day.",
    )  # fmt: skip
    sheet.table(
        [
            ("Place", "Hotel per night, at most", "Daily allowance"),
            ("Ireland, except Dublin", "EUR 130.00", "EUR 34.00"),
            ("Dublin", "EUR 165.00", "EUR 38.50"),
            ("Other EU countries", "EUR 155.00", "EUR 41.00"),
            ("Switzerland and Norway", "EUR 210.00", "EUR 62.00"),
            ("Rest of the world", "by agreement", "EUR 45.00"),
        ],
        (66, 50, 46), look="zebra", right=(1, 2),
    )  # fmt: skip
    sheet.text(
        "The daily allowance covers meals and small costs and needs no receipts. It is paid in full for absences of more than "
        "ten hours and by half for more than five hours. If breakfast is included in the hotel, it is reduced by EUR 7.00.",
    )
    sheet.clauses(
        4, "Guests",
        "Meals with customers are paid up to EUR 40.00 per person, including a tip of at most 10 per cent. The receipt must "
        "show the names of the guests and the reason. Alcohol is paid only at dinner.",
        "Gifts to customers may be worth up to EUR 35.00 per person and year. Officials of public bodies receive no gifts, "
        "because the law on public office forbids it.",
    )  # fmt: skip
    sheet.page_break()
    sheet.clauses(
        5, "Claims",
        "Claims are filed in the expense tool within 30 days after the end of the trip, with a photo of every receipt above "
        "EUR 10.00. Claims that are more than 90 days late are not paid.",
        "The head of the team approves within five working days, and the money is paid with the next salary run on the 26th.",
        "If a receipt is lost, a signed statement replaces it up to EUR 50.00, at most twice a year.",
        "Advances of up to 80 per cent of the expected cost are paid on request, if the trip lasts more than three days.",
    )  # fmt: skip
    sheet.clauses(
        6, "Company cards",
        "Cards are held by the office manager and the head of sales. The limit of each card is EUR 3,000.00 a month. A lost card "
        f"is reported at once to {w.BANK.name}, telephone +353 99 555 0112, and to {w.RUTH}.",
    )  # fmt: skip
    sheet.clauses(
        7, "Safety and illness abroad",
        "Travel health insurance is provided by Tidewell Mutual Insurance under group policy TM-310-00951. The number for "
        "emergencies is on the back of the card that each traveller receives.",
    )  # fmt: skip
    sheet.heading("Changes against version 2")
    sheet.bullets(
        "The rate per kilometre was raised from EUR 0.38, because fuel prices have gone up since 2022.",
        "Flights need a reason in writing.",
        "The period for filing claims was shortened from 60 to 30 days, so that the monthly accounts can be closed in time.",
    )
    sheet.text("Approved by the management meeting on 12 December 2024. The policy is reviewed every two years.")
    return sheet.pdf("Travel and expenses policy TE-07", first=Letterhead(w.TENANT, NAVY), top=34, bottom=24)


def management_minutes() -> bytes:
    sheet = Sheet("sans", 10.5, accent=NAVY)
    sheet.title("Management meeting: minutes")
    sheet.table(
        [
            ("Date", "Thursday, 16 October 2025, 9.00 to 11.20"),
            ("Place", "Meeting room, 18 Harbour Street"),
            ("Present", f"{w.HELENA} (chair), {w.RUTH}, {w.DANIEL}, {w.PRIYA}, {w.NIAMH} (minutes)"),
            ("Excused", "none"),
        ],
        (30, 136), look="grid", header=False,
    )  # fmt: skip
    sheet.heading("1. Report on the third quarter")
    sheet.text(
        "Ms Castellan presented the report. Revenue is 12.0 per cent above last year. The meeting approved the report and its "
        "forecast for the year without changes. It will be sent to the shareholders on 20 October.",
    )
    sheet.heading("2. Tidewatch, second phase")
    sheet.text(
        "Ms Farrell reported that the pilot in six districts has run since 15 September and has found two leaks that the "
        "utility did not know of. The second phase extends the forecast to all 14 districts from 12 January 2026.",
        "<b>Decision:</b> the second phase goes ahead; Ms Farrell leads it. Two analysts are to be hired, with a budget of "
        "EUR 118,000.00 a year for both. The positions will be advertised again with a higher salary.",
    )
    sheet.heading("3. Customer portal")
    sheet.text(
        "Ms Raman had planned the launch for 1 November 2025. The security review of 2 October found that a customer could "
        "see the file names of other customers by changing an address in the browser. No content was exposed.",
        "<b>Decision:</b> the launch of the portal is postponed to 2 February 2026, because the access rights have to be "
        "rebuilt and reviewed a second time. Ms Raman informs the four pilot customers by 24 October.",
    )
    sheet.heading("4. Laptops")
    sheet.text(
        "Twelve laptops are older than five years. <b>Decision:</b> Mr Okafor buys twelve new ones at EUR 2,300.00 each, "
        "EUR 27,600.00 in total, and asks three suppliers for quotations. The old ones go to Saltmarsh College after the "
        "disks have been wiped.",
    )
    sheet.page_break()
    sheet.heading("5. Water damage")
    sheet.text(
        f"Mr Okafor reported that the adjuster of the insurer, {w.ADJUSTER}, came on 14 October. The landlord has paid the "
        "reduction for September and has not yet answered the letter of the solicitors of 2 October. Room 2.07 is still "
        "being dried. The new server stands in the meeting room for now, which is noisy.",
        "<b>Decision:</b> the server moves to a rented rack in the data centre of Solvane by 30 November, at EUR 310.00 a "
        "month. Room 2.07 becomes a quiet room. Ms Varga attends the meeting with the landlord on 29 October in person.",
    )
    sheet.heading("6. Break option and size of the office")
    sheet.text(
        "Ms Varga asked whether the company should look for another building. Ms Castellan pointed out that the break option "
        "can be used for the first time on 30 September 2027. The meeting took note; the matter comes back in June 2026.",
    )
    sheet.heading("7. Health and other business")
    sheet.text(
        "St. Brendan's Day Clinic offers flu vaccination in the office; the company pays. Mr Okafor arranges a day in "
        "November. The winter party is on Friday, 12 December 2025 in The Mooring Bistro, with a budget of EUR 55.00 per "
        "person.",
        "Ms Raman suggested a four-day week on trial. Opinions differed: two were in favour, two against, Ms Farrell "
        "abstained. No decision was taken.",
    )
    sheet.heading("Actions")
    sheet.table(
        [
            ("No.", "Action", "Who", "By"),
            ("1", "Send the quarterly report to the shareholders", "Castellan", "20 October 2025"),
            ("2", "Advertise two positions for analysts", "Varga", "31 October 2025"),
            ("3", "Inform the pilot customers of the portal", "Raman", "24 October 2025"),
            ("4", "Three quotations for laptops", "Okafor", "14 November 2025"),
            ("5", "Move the server to the data centre", "Okafor", "30 November 2025"),
        ],
        (14, 86, 30, 38), look="zebra",
    )  # fmt: skip
    sheet.text("The next management meeting is on Thursday, 20 November 2025, at 9.00.")
    sheet.signatures((w.HELENA, "Chair"), (w.NIAMH, "Minutes"))
    return sheet.pdf(
        "Minutes of the management meeting",
        first=running_head("Brightwater Analytics Ltd: internal", "16 October 2025"),
    )


def clinic_fax() -> bytes:
    """One-bit pages of a noisy fax; the caller stores them as TIFF."""
    sheet = Sheet("serif", 13.5, accent="#000000")
    sheet.title("FAX")
    sheet.table(
        [
            ("To", f"{w.TENANT.name}, attn. {w.DANIEL}"),
            ("From", f"{w.CLINIC.name}, occupational health, {w.CLINIC.street}"),
            ("Date", "3 November 2025, 11:06"),
            ("Pages", "1"),
            ("Subject", "Flu vaccination at your office on 18 November 2025"),
        ],
        (26, 138), look="grid", header=False,
    )  # fmt: skip
    sheet.gap(3)
    sheet.text(
        "Dear Mr Okafor,",
        "We confirm the flu vaccination of your staff on Tuesday, 18 November 2025, from 9.00 to 12.30 in the meeting room on "
        "the second floor of 18 Harbour Street. Our nurse, Bridget Lawlor, will come with one assistant.",
        "The price is EUR 24.00 per person. The travel of the team is included if at least 15 persons take part; below that "
        "number we charge a flat fee of EUR 90.00. Please send us the list of names by 12 November 2025.",
        "Each person fills in the enclosed questionnaire. Persons with fever or with an allergy to egg protein must not be "
        "vaccinated on that day; they are welcome for advice at the clinic, 55 Abbey Road, on any Thursday from 14.00 to "
        "17.00.",
        "We need a table, a power socket and a refrigerator that keeps between 2 and 8 degrees. A quiet chair for the "
        "fifteen minutes after the injection would be helpful.",
        "Kind regards,",
    )
    sheet.signatures((w.AMARA, "Medical Director"))

    def furniture(canvas: Canvas, document: SimpleDocTemplate) -> None:
        canvas.setFont("Courier", 9)
        canvas.drawString(
            12 * mm, 289 * mm, "03-NOV-2025 11:06   FROM: +353 99 555 0190   ST BRENDANS CLINIC        P.01/01"
        )

    pages = scan(sheet.pdf("Fax", first=furniture), Scanner(seed=14, skew=1.3, noise=16, speckles=600, blur=0.6))
    return to_tiff([threshold(page, 150) for page in pages])
