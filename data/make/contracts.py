"""Contracts: the lease of 18 Harbour Street and its amendment, an employment, a non-disclosure agreement."""

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
    sheet.gap(8)
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
        6, "Works by the Landlord",
        "Before the archive room is handed over, the Landlord paints its walls, fits a steel door with a lock of its own and "
        "replaces the two lamps. A humidity meter is read on the first day of each month; if it shows more than 60 per cent, "
        "the Landlord provides a dehumidifier at its own cost.",
        "The Landlord renews the intercom at the street entrance by 31 May 2025 and adds the Tenant's name to it.",
    )  # fmt: skip
    sheet.clauses(
        7, "Other terms",
        "All other terms of the Lease stay as they are. In case of doubt this Amendment prevails over the Lease.",
    )  # fmt: skip
    sheet.signatures((w.MARGARET, f"Director, {w.LANDLORD.name}"), (w.HELENA, f"Managing Director, {w.TENANT.name}"))
    head = running_head("First Amendment, 18 Harbour Street", "20 February 2025")
    pages = scan(sheet.pdf("First amendment", first=head, side=25), Scanner(seed=2, skew=0.4, noise=3.5))
    return to_pdf(pages, quality=42)


def employment_contract() -> bytes:
    sheet = Sheet("serif", 12)
    sheet.title("Contract of employment", centre=True)
    sheet.text(
        f"between {w.TENANT.name}, {w.TENANT.address} (the <b>Employer</b>), and {w.NIAMH}, 7 Lantern Row, Port Alder (the "
        "<b>Employee</b>), dated 11 July 2025.",
    )
    sheet.clauses(
        1, "Position and start",
        "The Employee is hired as Senior Data Engineer. The employment begins on 1 September 2025 and is for an "
        "indefinite term. The Employee reports to the managing director.",
        "The place of work is 18 Harbour Street, Port Alder. The Employee may work from home on up to two days a week by "
        "agreement with her team.",
    )  # fmt: skip
    sheet.clauses(
        2, "Probation",
        "The first six months are a probation period, in which either party may end the employment with two weeks' "
        "notice.",
    )  # fmt: skip
    sheet.clauses(
        3, "Working time",
        "The regular working time is 38 hours a week from Monday to Friday. Core hours are from 10.00 to 15.00. Overtime "
        "that the Employer has ordered is made up by time off within three months.",
    )  # fmt: skip
    sheet.clauses(
        4, "Salary",
        "The gross salary is EUR 68,400.00 a year, paid in twelve equal instalments of EUR 5,700.00 on the 26th day of "
        "each month.",
        "The Employee may receive a yearly bonus of up to 8 per cent of the gross salary, which depends on goals agreed "
        "every January. For 2025 the bonus is guaranteed at EUR 1,500.00.",
        "The Employer pays 5 per cent of the gross salary into the pension scheme at Lismore Trust Bank.",
    )  # fmt: skip
    sheet.clauses(
        5, "Holidays",
        "The Employee has 26 working days of paid holidays in a calendar year, in addition to public holidays. Up to five "
        "days may be carried over until 31 March of the following year.",
    )  # fmt: skip
    sheet.clauses(
        6, "Illness",
        "The Employee reports illness by 9.30 on the first day and hands in a medical certificate from the third day. The "
        "Employer continues to pay the full salary for up to eight weeks in a period of twelve months.",
    )  # fmt: skip
    sheet.clauses(
        7, "Confidentiality and inventions",
        "The Employee keeps business secrets and personal data of customers confidential, also after the employment has "
        "ended.",
        "Rights in software and models made in the course of the employment belong to the Employer. The Employee may "
        "publish scientific papers after written approval, which shall be given or refused within 21 days.",
    )  # fmt: skip
    sheet.clauses(
        8, "Other work",
        "Other paid work needs consent. Consent is hereby given for the Employee's seminar at the University of West Alder, "
        "limited to four hours a week in term time.",
    )  # fmt: skip
    sheet.clauses(
        9, "Notice",
        "After the probation period either party may end the employment with three months' notice to the end of a month, "
        "in writing. After five years of service the period for the Employer is four months.",
        "For six months after leaving, the Employee shall not work for customers whom she served in her last year. For "
        "this time the Employer pays half of the last monthly salary.",
    )  # fmt: skip
    sheet.clauses(
        10, "Equipment and final terms",
        "The Employer provides a laptop and a telephone, to be returned on the last day. Claims from this contract lapse "
        "unless raised in writing within six months. The law of Ireland applies.",
    )  # fmt: skip
    sheet.signatures((w.HELENA, f"Managing Director, {w.TENANT.name}"), (w.NIAMH, "Employee"))
    return sheet.pdf(
        "Contract of employment", first=running_head("Contract of employment", "Brightwater / Farrell"), side=25
    )


def nda() -> bytes:
    sheet = Sheet("serif", 12, accent="#4a1d2f")
    sheet.title("MUTUAL NON-DISCLOSURE AGREEMENT", centre=True)
    sheet.text(
        f"between {w.TENANT.name}, {w.TENANT.address}, and {w.CLINIC.name}, {w.CLINIC.address}, each a <b>Party</b>, made on "
        "28 May 2025.",
    )
    sheet.clauses(
        1, "Purpose",
        "The Parties wish to find out whether a forecast of missed appointments can help the clinic to plan its consulting "
        "hours (the <b>Purpose</b>). To this end they will show each other information that is not public.",
    )  # fmt: skip
    sheet.clauses(
        2, "Confidential information",
        "Confidential information is everything that one Party shows the other for the Purpose, in whatever form, and which "
        "is marked as confidential or is obviously so, in particular appointment data, price lists, source code and models.",
        "Information is not confidential if it was public before, was known to the receiver before, was lawfully received "
        "from a third person, or was developed independently.",
    )  # fmt: skip
    sheet.clauses(
        3, "Duties",
        "The receiver uses confidential information for the Purpose only, keeps it as carefully as its own secrets, and "
        "passes it only to employees and advisers who need it and are bound to secrecy.",
        "Patient data leave the clinic only after names, addresses and dates of birth have been removed. Brightwater "
        "processes them only on its own servers in Ireland and makes no attempt to identify a person.",
        "If a court or an authority demands disclosure, the receiver tells the other Party without delay, as far as the law "
        "allows.",
    )  # fmt: skip
    sheet.clauses(
        4, "Term",
        "This Agreement runs for one year from its date. The duty of confidentiality lasts for three years after the end of "
        "the talks, and for patient data without limit.",
    )  # fmt: skip
    sheet.clauses(
        5, "Return of data",
        "On request, and at the latest when the talks end, the receiver returns or deletes all confidential information "
        "within 14 days and confirms this in writing. Backup copies may be kept until they are overwritten, but for no "
        "longer than 90 days.",
    )  # fmt: skip
    sheet.clauses(
        6, "No rights, no duty to conclude",
        "No licence is granted. Neither Party is bound to conclude a further contract, and each bears its own costs.",
    )  # fmt: skip
    sheet.clauses(
        7, "Breach",
        "A Party that breaches this Agreement pays the damage caused. No contractual penalty is agreed. A Party that learns "
        "of a breach tells the other within 48 hours.",
    )  # fmt: skip
    sheet.clauses(
        8, "Contact persons",
        f"The contact for Brightwater is {w.PRIYA}, Head of Sales; the contact for the clinic is {w.AMARA}, Medical Director.",
    )  # fmt: skip
    sheet.clauses(
        9, "Final terms",
        "Changes must be in writing. The law of Ireland applies, and the courts of Port Alder have jurisdiction. Before going "
        "to court the Parties shall try mediation for at least 30 days.",
    )  # fmt: skip
    sheet.signatures((w.HELENA, f"Managing Director, {w.TENANT.name}"), (w.AMARA, f"Medical Director, {w.CLINIC.name}"))
    return sheet.pdf(
        "Mutual non-disclosure agreement", first=running_head("Mutual non-disclosure agreement", "28 May 2025"), side=25
    )
