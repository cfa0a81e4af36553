"""The tenancy of 18 Harbour Street on paper: the lease and its first amendment."""

from . import world as w
from .layout import Sheet, running_head
from .scan import Scanner, scan, to_pdf


def lease() -> bytes:
    sheet = Sheet("serif", 11.5)
    sheet.title("COMMERCIAL LEASE", centre=True)
    sheet.text(
        f"This Lease is made on 14 March 2023 between <b>{w.LANDLORD.name}</b>, {w.LANDLORD.address} "
        f"({w.LANDLORD.register}), represented by its director {w.MARGARET} (the <b>Landlord</b>), and "
        f"<b>{w.TENANT.name}</b>, at that date of 6 Lantern Row, Port Alder ({w.TENANT.register}), represented by its "
        f"managing director {w.HELENA} (the <b>Tenant</b>).",
        justify=True,
    )
    sheet.clauses(
        1, "Premises",
        "The Landlord lets to the Tenant the office premises on the second floor of the building at 18 Harbour Street, "
        "Port Alder, with a lettable area of 412 square metres, outlined in red on the plan attached as Schedule A (the "
        "<b>Premises</b>).",
        "The Tenant may use the entrance hall, the lift, the stairs and the bicycle store in common with the other "
        "occupiers, and has the exclusive use of four parking spaces numbered P-11 to P-14 in the rear yard.",
    )  # fmt: skip
    sheet.clauses(
        2, "Term",
        "The term is five years. It begins on 1 April 2023 and ends on 31 March 2028, unless it is ended earlier under "
        "clause 6.",
        "The Tenant may ask in writing, not later than nine months before the end of the term, for one further term of "
        "three years. The Landlord shall answer within six weeks; silence is not consent.",
    )  # fmt: skip
    sheet.clauses(
        3, "Rent and service charge",
        f"The monthly rent is {w.money(w.RENT)}, payable in advance on the third working day of each month by standing "
        f"order to the Landlord's account IBAN {w.LANDLORD.iban} at {w.BANK.name}.",
        f"The Tenant pays with the rent {w.money(w.SERVICE_CHARGE)} a month on account of the service charge. The "
        "Tenant's share of the cost of the building is 31 per cent. The Landlord settles the account once a year, not "
        "later than 30 June of the following year, and shows the invoices on request.",
        "On 1 April 2025 the rent rises with the consumer price index published for the preceding January, but by not "
        "more than 3 per cent. The rent does not fall if the index falls.",
        "A payment that is more than ten days late bears interest at 8 per cent a year from the day on which it fell due.",
    )  # fmt: skip
    sheet.clauses(
        4, "Deposit",
        f"On signing, the Tenant pays a deposit of {w.money(w.DEPOSIT)}, which is three months' rent. The Landlord keeps "
        f"the deposit in a separate account at {w.BANK.name} and shall not mix it with its own money.",
        "The Landlord returns the deposit with the interest earned within 60 days after the Premises have been handed "
        "back, less any sum that the Tenant owes under this Lease.",
    )  # fmt: skip
    sheet.clauses(
        5, "Use",
        "The Premises shall be used as offices only, with the training of customers as an ancillary use. Retail trade, the "
        "preparation of hot meals and the keeping of animals are not allowed.",
        "The Tenant has access at all hours. Heating is provided on working days from 7.00 to 19.00 between October and "
        "April.",
        "Signs on the outside of the building need the Landlord's approval, and a server room may be operated only with "
        "a leak sensor connected to the building's alarm.",
    )  # fmt: skip
    sheet.clauses(
        6, "Notice and break",
        "The Tenant may end this Lease on 31 March 2026 or on any later 30 September or 31 March by giving at least six "
        "months' notice in writing (the <b>break option</b>).",
        "Either party may end this Lease at once for a serious breach, in particular where two months' rent is unpaid "
        "and the Tenant has not paid within 14 days after a written reminder.",
        "Notice is valid only by registered letter or by hand against a receipt. E-mail is not enough.",
    )  # fmt: skip
    sheet.clauses(
        7, "Assignment and subletting",
        "The Tenant shall not assign this Lease or sublet the Premises, in whole or in part, without the Landlord's "
        "written consent, which shall not be withheld without good reason. The Landlord shall decide within 28 days "
        "after it has received the name and the last two annual accounts of the proposed assignee.",
        "No consent is needed for a company of the Tenant's own group, as long as the Tenant remains liable.",
    )  # fmt: skip
    sheet.clauses(
        8, "Insurance",
        "The Landlord insures the building against fire, storm, burst pipes and liability of the owner. The Tenant "
        "insures its own contents and equipment, and its liability for at least EUR 2,000,000 for each event.",
    )  # fmt: skip
    sheet.clauses(
        9, "Repairs and defects",
        "The Landlord maintains the roof, the outer walls, the windows, the lift and all pipes and heating risers, "
        "including those that pass through the Premises. The Tenant keeps the inside in good order and bears small "
        "repairs up to EUR 250.00 in each case.",
        "The Tenant reports a defect without delay. Where a defect for which the Landlord answers makes part of the "
        "Premises unusable for more than three days, the rent is reduced in proportion for that time.",
    )  # fmt: skip
    sheet.clauses(
        10, "Alterations and handing back",
        "Structural alterations need written consent. At the end of the term the Tenant removes its partitions and data "
        "cabling, repaints the walls in white and hands over all 26 keys and access cards.",
    )  # fmt: skip
    sheet.clauses(
        11, "General",
        "Changes to this Lease must be in writing. If a provision is void, the rest stays in force. This Lease is "
        "governed by the law of Ireland, and the courts of Port Alder have jurisdiction.",
    )  # fmt: skip
    sheet.text("Signed in Port Alder on 14 March 2023 in two copies, one for each party.")
    sheet.signatures((w.MARGARET, f"Director, {w.LANDLORD.name}"), (w.HELENA, f"Managing Director, {w.TENANT.name}"))
    sheet.page_break()
    sheet.title("Schedule A: rooms and plan")
    sheet.text("The Premises consist of the following rooms on the second floor. The numbers are those of the plan.")
    sheet.table(
        [
            ("Room", "Use", "Area in square metres"),
            ("2.01", "Entrance and reception", "34"),
            ("2.02", "Open-plan office, west wing", "148"),
            ("2.03", "Meeting room", "42"),
            ("2.04", "Kitchen", "21"),
            ("2.05 and 2.06", "Washrooms and store", "29"),
            ("2.07", "Server room", "40"),
            ("2.08", "East wing, not fitted out at the start of the term", "98"),
            ("", "Total", "412"),
        ],
        (34, 92, 40), look="grid", right=(2,), bold_rows=(-1,),
    )  # fmt: skip
    sheet.title("Schedule B: service charge")
    sheet.text("The service charge covers the following costs of the building, and no others:")
    sheet.bullets(
        "heating, water and waste water, lighting of the common parts;",
        "cleaning of the stairs and the entrance hall three times a week;",
        "maintenance and inspection of the lift and of the fire alarm;",
        "collection of waste, removal of snow, care of the yard;",
        "the premium of the building insurance; a management fee of 3 per cent of these costs.",
    )
    sheet.text("The cost of repairs to the structure and of letting the building is borne by the Landlord alone.")
    head = running_head("Lease of 18 Harbour Street, second floor", "Kestrel Quay / Brightwater")
    return sheet.pdf("Commercial lease, 18 Harbour Street", first=head)


def amendment() -> bytes:
    sheet = Sheet("serif", 12.5)
    sheet.title("FIRST AMENDMENT TO LEASE", centre=True)
    sheet.text(
        f"This Amendment is made on 20 February 2025 between {w.LANDLORD.name} (the Landlord) and {w.TENANT.name} (the "
        "Tenant). It changes the Commercial Lease of the second floor of 18 Harbour Street, Port Alder, which the "
        "parties signed on 14 March 2023 (the Lease).",
        "The Tenant has grown from 22 to 29 employees since the Lease was signed and needs room for its paper files. The "
        "Landlord wishes to keep the Tenant in the building for longer. The parties therefore agree as follows.",
    )
    sheet.clauses(
        1, "Rent from 1 April 2025",
        f"Under clause 3.3 of the Lease the rent rises by 3 per cent. From 1 April 2025 the monthly rent of the second "
        f"floor is {w.money(w.NEW_RENT)}.",
        "The next adjustment to the index takes place on 1 April 2028, again limited to 3 per cent.",
    )  # fmt: skip
    sheet.clauses(
        2, "Archive room",
        "From 1 April 2025 the Landlord also lets to the Tenant the archive room B-04 in the basement, with an area of "
        "38 square metres.",
        f"The rent of the archive room is {w.money(w.ARCHIVE_RENT)} a month, payable together with the rent of the "
        "offices. Heating of the archive room is included.",
        "The Tenant shall store nothing lower than 15 centimetres above the floor, because the basement lies below the "
        "level of the harbour at spring tide.",
    )  # fmt: skip
    sheet.clauses(
        3, "Longer term",
        "The term of the Lease is extended by two years and now ends on 31 March 2030.",
        "The break option of clause 6.1 is moved: the Tenant may use it for the first time on 30 September 2027.",
    )  # fmt: skip
    sheet.clauses(
        4, "Deposit",
        f"The Tenant increases the deposit by EUR 855.00, which is three months' rent of the archive room, to "
        f"{w.money(w.NEW_DEPOSIT)}. The sum is due by 15 April 2025.",
    )  # fmt: skip
    sheet.clauses(
        5, "Parking",
        "The number of parking spaces rises from four to six. Spaces P-15 and P-16 are added at no charge, and the "
        "Landlord fits a charging point for electric cars at P-16 by 30 June 2025.",
    )  # fmt: skip
    sheet.clauses(
        6, "Other terms",
        "All other terms of the Lease stay as they are. In case of doubt this Amendment prevails over the Lease.",
    )  # fmt: skip
    sheet.signatures((w.MARGARET, f"Director, {w.LANDLORD.name}"), (w.HELENA, f"Managing Director, {w.TENANT.name}"))
    head = running_head("First Amendment, 18 Harbour Street", "20 February 2025")
    pages = scan(sheet.pdf("First amendment", first=head, side=25), Scanner(seed=2, skew=0.4, noise=3.5))
    return to_pdf(pages, quality=42)
