"""Money on paper: the account statement and the quarterly report of the tenant."""

from decimal import Decimal

from . import world as w
from .layout import Letterhead, Sheet, running_head


def statement() -> bytes:
    """The tenant's account in the month of the damage."""
    sheet = Sheet("sans", 9.5, accent="#7a1f2b")
    sheet.columns(
        f"{w.TENANT.block}<br/>Attn. {w.RUTH}",
        f"<b>Account statement no. 9/2025</b><br/>Period: 1 to 30 September 2025<br/>IBAN {w.TENANT.iban}<br/>"
        "Business current account, EUR<br/>Adviser: Fergal Monaghan",
    )
    entries = [
        ("3 Sep", "Standing order Kestrel Quay Properties Ltd: rent, archive room and service charge September", -w.MONTHLY_TRANSFER),
        ("4 Sep", "Transfer from Alder Water Utility: Tidewatch first instalment, invoice BW-2025-118", w.FIRST_INSTALMENT),
        ("5 Sep", f"Direct debit Tidewell Mutual Insurance: premium Q4, policy {w.POLICY}", Decimal("-1212.00")),
        ("10 Sep", "Transfer from St. Brendan's Day Clinic: invoice BW-2025-121", Decimal("38750.00")),
        ("12 Sep", "Transfer to Fenwick &amp; Araujo Solicitors: fee note 2025/388", Decimal("-1279.20")),
        ("15 Sep", "Transfer to Dryline Hire: invoice 25-3390", Decimal("-940.95")),
        ("18 Sep", "Transfer to Harbour Co-Work: invoice 1182", Decimal("-1414.50")),
        ("23 Sep", "Direct debit Revenue: VAT return July and August", Decimal("-48917.00")),
        ("26 Sep", "Collective transfer: salaries September, 31 payments", Decimal("-161384.20")),
        ("29 Sep", f"Transfer to Solvane IT Services: invoice {w.EMERGENCY.number}", -w.EMERGENCY.total),
        ("30 Sep", "Account fee, third quarter", Decimal("-24.50")),
    ]  # fmt: skip
    balance = Decimal("298412.37")
    rows = [("Date", "Booking", "Amount EUR", "Balance EUR"), ("1 Sep", "Opening balance", "", w.amount(balance))]
    for day, text, value in entries:
        balance += value
        rows.append((day, text, w.amount(value), w.amount(balance)))
    rows.append(("30 Sep", "Closing balance", "", w.amount(balance)))
    sheet.table(rows, (18, 92, 28, 28), look="zebra", right=(2, 3), bold_rows=(1, -1))
    credits = sum((value for _, _, value in entries if value > 0), Decimal(0))
    debits = sum((value for _, _, value in entries if value < 0), Decimal(0))
    sheet.heading("Summary")
    sheet.text(
        f"Credits of the month came to {w.money(credits)} and debits to {w.money(-debits)}. The closing balance on "
        f"30 September 2025 is {w.money(balance)}.",
        "The overdraft limit of this account is EUR 75,000.00 at 9.25 per cent a year; it was not used in the period. "
        "Credit balances above EUR 100,000.00 bear interest at 0.75 per cent a year, credited on 31 December.",
    )
    sheet.notes(
        "Please check this statement and tell us of any objection within six weeks. From 1 January 2026 the quarterly "
        "account fee is EUR 27.00. Deposits are protected up to EUR 100,000 per customer.",
    )
    return sheet.pdf("Account statement 9/2025", first=Letterhead(w.BANK, "#7a1f2b", "left"), top=34, bottom=24)


def quarterly_report() -> bytes:
    sheet = Sheet("serif", 11, accent="#24476b")
    sheet.gap(30)
    sheet.title(f"{w.TENANT.name}")
    sheet.title("Report on the third quarter of 2025")
    sheet.text("1 July to 30 September 2025. Unaudited. Approved by the board on 16 October 2025.")
    sheet.rule()
    sheet.gap(4)
    sheet.heading("The quarter in brief")
    sheet.bullets(
        "Revenue grew by 12.0 per cent to EUR 1,284.6 thousand (third quarter of 2024: EUR 1,147.2 thousand).",
        "The operating result rose to EUR 202.4 thousand, a margin of 15.8 per cent.",
        "The contract with Alder Water Utility for the leak forecast Tidewatch, worth EUR 366,000.00 over two years, was "
        "signed on 27 August 2025.",
        "Revenue in healthcare fell by 3.8 per cent, because St. Brendan's Day Clinic moved the roll-out of its "
        "appointment forecast to the first quarter of 2026.",
        "Water damage on 6 September cost twelve workplaces for one week; the insured loss is not yet settled.",
    )
    sheet.heading("Letter to the shareholders")
    sheet.text(
        "Dear shareholders,",
        "The third quarter is usually our quietest. This year it was not. The team won the largest single order in the "
        "history of the company, moved twelve people into the new east wing, and then worked for a week from rented desks "
        "and kitchen tables after a heating pipe had burst above our server room. No customer noticed: all services ran "
        "from the second site, and the data were recovered up to the evening before.",
        "We raise our forecast. For the full year 2025 we now expect revenue between EUR 5.05 million and EUR 5.20 million, "
        "up from between EUR 4.80 million and EUR 5.00 million, and an operating margin of about 15 per cent.",
        f"{w.HELENA}, Managing Director",
        justify=True,
    )
    sheet.page_break()
    sheet.heading("Revenue by segment")
    sheet.text(
        "Utilities was the strongest segment, driven by the start of Tidewatch and by two smaller projects for district "
        "heating. Retail grew slowly. Training had its best quarter since 2022, as eleven courses were held in place of "
        "seven.",
    )
    sheet.table(
        [
            ("EUR thousand", "Q3 2025", "Q3 2024", "Change"),
            ("Utilities", "612.4", "488.0", "+25.5 %"),
            ("Healthcare", "341.7", "355.2", "-3.8 %"),
            ("Retail", "228.9", "219.6", "+4.2 %"),
            ("Training", "101.6", "84.4", "+20.4 %"),
            ("Total revenue", "1,284.6", "1,147.2", "+12.0 %"),
        ],
        (70, 30, 30, 30), look="zebra", right=(1, 2, 3), bold_rows=(-1,),
    )  # fmt: skip
    sheet.heading("Customers")
    sheet.text(
        "The ten largest customers brought 71 per cent of revenue (74 per cent a year ago). Alder Water Utility alone "
        "accounted for 19 per cent. The order book stood at EUR 2,310 thousand on 30 September 2025, which is 54 per cent "
        "more than a year before. Three customers left: two shops of the Merrion chain that closed, and a clinic that "
        "built its own forecast.",
        "The average age of our receivables rose from 41 to 47 days, since two public customers paid late. One receivable "
        "of EUR 18.2 thousand against Hollis Freight has been written down by half.",
        justify=True,
    )
    sheet.heading("Staff")
    sheet.text(
        "On 30 September 2025 we employed 31 people, compared with 29 at the end of 2024. Five work part-time. Niamh Farrell "
        "joined as senior data engineer on 1 September 2025 and leads the data side of Tidewatch. Sick leave averaged "
        "2.9 days per person in the quarter. The share of women in technical roles is 42 per cent.",
        justify=True,
    )
    sheet.page_break()
    sheet.heading("Income statement")
    sheet.table(
        [
            ("EUR thousand", "Q3 2025", "Q3 2024"),
            ("Revenue", "1,284.6", "1,147.2"),
            ("Personnel", "-742.3", "-668.1"),
            ("Cloud and licences", "-118.9", "-121.4"),
            ("Rent and premises", "-17.7", "-16.4"),
            ("Other operating costs", "-164.9", "-151.0"),
            ("Depreciation", "-38.4", "-35.2"),
            ("Operating result", "202.4", "155.1"),
            ("Interest", "-6.1", "-7.0"),
            ("Tax at 12.5 per cent", "-24.5", "-18.5"),
            ("Net profit", "171.8", "129.6"),
        ],
        (80, 35, 35), look="lines", right=(1, 2), bold_rows=(7, -1),
    )  # fmt: skip
    sheet.text(
        "Personnel costs rose by 11.1 per cent, because of four new positions since last autumn and the pay round of "
        "1 April 2025 with an average of 3.4 per cent. Cloud costs fell although volume grew: moving the nightly training "
        "runs to spot machines saved about EUR 14 thousand in the quarter.",
        f"Rent and premises contain the rent of the second floor ({w.money(w.NEW_RENT)} a month since 1 April 2025), the "
        "archive room and the service charge. The rent reduction that the landlord has granted for September will be "
        "credited in October and is not included. Other operating costs contain EUR 7.2 thousand for the replacement "
        "server and the emergency work after the water damage.",
        justify=True,
    )
    sheet.page_break()
    sheet.heading("Balance sheet")
    sheet.table(
        [
            ("EUR thousand", "30 Sep 2025", "31 Dec 2024"),
            ("Equipment and leasehold improvements", "318.5", "296.0"),
            ("Capitalised software", "204.0", "221.3"),
            ("Receivables", "734.9", "598.2"),
            ("Cash at bank", "486.2", "402.7"),
            ("Total assets", "1,743.6", "1,518.2"),
            ("Equity", "1,012.8", "798.4"),
            ("Bank loan", "360.0", "420.0"),
            ("Trade payables", "148.3", "139.6"),
            ("Deferred income and other liabilities", "222.5", "160.2"),
            ("Total equity and liabilities", "1,743.6", "1,518.2"),
        ],
        (80, 35, 35), look="grid", right=(1, 2), bold_rows=(5, -1),
    )  # fmt: skip
    sheet.text(
        "The bank loan from Lismore Trust Bank is repaid at EUR 20 thousand a quarter and bears 4.6 per cent interest, fixed "
        "until June 2029. The covenant requires equity of at least 40 per cent of total assets; at the end of the quarter "
        "it was 58.1 per cent.",
        justify=True,
    )
    sheet.heading("Risks and outlook")
    sheet.text(
        "The main risk is the dependence on few large customers. A second risk is the hiring market: the two positions for "
        "analysts, open since June, have not been filled. Thirdly, the claim for the water damage of EUR 12,043.00 is "
        "under examination by Tidewell Mutual Insurance; we expect a decision in November.",
        "In the fourth quarter we plan the second phase of Tidewatch, the renewal of our certificate for information "
        "security on 3 December 2025, and a decision on the customer portal, whose launch was postponed. No dividend is "
        "planned for 2025; the profit stays in the company to pay for the portal.",
        "The next report appears on 12 February 2026.",
        justify=True,
    )
    sheet.signatures((w.HELENA, "Managing Director"), (w.RUTH, "Head of Finance"))
    head = running_head(w.TENANT.name, "Report on the third quarter of 2025")
    return sheet.pdf("Quarterly report, third quarter 2025", first=head, side=24)
