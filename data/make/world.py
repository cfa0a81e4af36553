"""The facts of the invented world. Every document takes its names, amounts and references from here."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
VAT_RATE = Decimal("0.23")


def iban(bank: str, sort_code: str, account: str) -> str:
    """An Irish-style IBAN with correct check digits, in groups of four. The banks are invented."""
    number = f"{bank}{sort_code}{account}"
    digits = "".join(str(int(char, 36)) for char in f"{number}IE00")
    whole = f"IE{98 - int(digits) % 97:02d}{number}"
    return " ".join(whole[start : start + 4] for start in range(0, len(whole), 4))


def amount(value: Decimal | str | int) -> str:
    """1234.5 -> '1,234.50'."""
    return f"{Decimal(value).quantize(CENT, ROUND_HALF_UP):,}"


def money(value: Decimal | str | int) -> str:
    """1234.5 -> 'EUR 1,234.50'."""
    return f"EUR {amount(value)}"


@dataclass(frozen=True)
class Company:
    name: str
    street: str
    town: str
    phone: str
    domain: str
    register: str
    vat: str
    iban: str

    @property
    def address(self) -> str:
        return f"{self.street}, {self.town}"

    @property
    def block(self) -> str:
        """The address as lines of a letter."""
        return f"{self.name}<br/>{self.street}<br/>{self.town}"


def _company(name: str, street: str, phone: str, domain: str, serial: int, bank: str = "LMTB") -> Company:
    return Company(
        name=name,
        street=street,
        town="Port Alder",
        phone=f"+353 99 555 {phone}",
        domain=f"{domain}.example",
        register=f"Registered in Port Alder No. {serial}",
        vat=f"IE {serial}7K",
        iban=iban(bank, f"90{serial % 10000:04d}", f"{serial * 37:08d}"[-8:]),
    )


LANDLORD = _company("Kestrel Quay Properties Ltd", "3 Customs House Lane", "0130", "kestrelquay", 418206)
TENANT = _company("Brightwater Analytics Ltd", "18 Harbour Street", "0177", "brightwater", 502913)
NORTHGATE = _company("Northgate Office Supply Ltd", "Unit 12, Saltworks Road", "0121", "northgate-office", 377450)
SOLVANE = _company("Solvane IT Services", "41 Ropewalk", "0148", "solvane-it", 561038, "CDVB")
LAWYERS = _company("Fenwick &amp; Araujo Solicitors", "9 Assembly Square", "0102", "fenwick-araujo", 290117)
CLINIC = _company("St. Brendan's Day Clinic", "55 Abbey Road", "0190", "stbrendans", 334871, "CDVB")
COUNCIL = _company("Port Alder Town Council", "1 Assembly Square", "0100", "portalder", 100001)
BANK = _company("Lismore Trust Bank", "22 Exchange Street", "0111", "lismoretrust", 120944)
INSURER = _company("Tidewell Mutual Insurance", "80 Breakwater Avenue", "0160", "tidewell", 288530)
UTILITY = _company("Alder Water Utility", "Pumphouse Way", "0184", "alderwater", 150772)
BISTRO = _company("The Mooring Bistro", "18 Harbour Street", "0119", "mooringbistro", 540226)

HELENA = "Helena Varga"  # managing director of the tenant
RUTH = "Ruth Castellan"  # its head of finance
DANIEL = "Daniel Okafor"  # its office manager
NIAMH = "Niamh Farrell"  # its senior data engineer
PRIYA = "Priya Raman"  # its head of sales
MARGARET = "Margaret Oduya"  # director of the landlord
TOMAS = "Tomas Lindqvist"  # its property manager
BEATRIZ = "Beatriz Araujo"  # the tenant's solicitor
AMARA = "Dr. Amara Nwosu"  # medical director of the clinic
COLM = "Colm Devereux"  # planning officer of the council
INGRID = "Ingrid Solheim"  # claims handler of the insurer
ADJUSTER = "Piet Vandermeer"  # loss adjuster
PETERSEN = "Joachim Petersen"  # professor, University of West Alder
ORLA = "Orla Brennan"  # architect

RENT = Decimal("4850.00")
SERVICE_CHARGE = Decimal("620.00")
DEPOSIT = RENT * 3
NEW_RENT = RENT * Decimal("1.03")
ARCHIVE_RENT = Decimal("285.00")
NEW_DEPOSIT = DEPOSIT + ARCHIVE_RENT * 3
MONTHLY_TRANSFER = NEW_RENT + ARCHIVE_RENT + SERVICE_CHARGE
ABATEMENT = NEW_RENT * Decimal("0.20")

LEAK_DAY = "Saturday, 6 September 2025"
POLICY = "TM-884-20417"
CLAIM = "CL-25-09317"
EXCESS = Decimal("500.00")
ORDER = "BW-PO-2025-031"
DELIVERY = "DN-5521"
PERMIT = "PA/2025/0638"
PROJECT_VALUE = Decimal("366000.00")
FIRST_INSTALMENT = PROJECT_VALUE * Decimal("0.40")


@dataclass(frozen=True)
class Line:
    quantity: Decimal
    unit: str
    text: str
    price: Decimal

    @property
    def total(self) -> Decimal:
        return (self.quantity * self.price).quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Bill:
    """The lines of an order or invoice, without VAT."""

    number: str
    date: str
    due: str
    lines: tuple[Line, ...]

    @property
    def net(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))

    @property
    def vat(self) -> Decimal:
        return (self.net * VAT_RATE).quantize(CENT, ROUND_HALF_UP)

    @property
    def total(self) -> Decimal:
        return self.net + self.vat


def _line(quantity: str, unit: str, text: str, price: str) -> Line:
    return Line(Decimal(quantity), unit, text, Decimal(price))


FURNITURE = Bill(
    "NOS-2025-1187",
    "12 May 2025",
    "11 June 2025",
    (
        _line("12", "pcs", "Height-adjustable desk Lisse 160, oak top, article LS-160-OK", "489.00"),
        _line("12", "pcs", "Task chair Arco Mesh with armrests, article AR-220", "274.50"),
        _line("4", "pcs", "Acoustic screen 120 cm, grey felt, article AS-120", "138.00"),
        _line("1", "flat", "Delivery to the second floor and assembly", "385.00"),
    ),
)
STATIONERY = Bill(
    "NOS-2025-1342",
    "30 June 2025",
    "30 July 2025",
    (
        _line("2", "pcs", "Lockable filing cabinet, four drawers, article FC-4", "312.00"),
        _line("40", "box", "Copy paper A4 80 g, box of five reams", "21.40"),
        _line("6", "pcs", "Toner cartridge K-550 black", "94.75"),
        _line("1", "pcs", "Whiteboard 180 x 120 cm, enamelled", "219.00"),
    ),
)
MANAGED_NETWORK = Bill(
    "SV-10482",
    "1 July 2025",
    "15 July 2025",
    (
        _line("1", "quarter", "Managed network and firewall, July to September 2025", "1740.00"),
        _line("34", "devices", "Endpoint protection, per device and quarter", "13.50"),
        _line("6.5", "hours", "On-site support in June (tickets 2207, 2213 and 2231)", "96.00"),
    ),
)
EMERGENCY = Bill(
    "SV-10517",
    "22 September 2025",
    "6 October 2025",
    (
        _line("1", "pcs", "Replacement server Rackline R4, 64 GB", "4380.00"),
        _line("2", "pcs", "Network switch, 16 ports", "265.00"),
        _line("11", "hours", "Emergency engineer, weekend rate", "144.00"),
        _line("1", "flat", "Data recovery from mirrored disks", "690.00"),
    ),
)

CARPET = Decimal("2944.00")  # 64 m2 at 46.00
DRYING = Decimal("765.00")  # nine days at 85.00
COWORKING = Decimal("1150.00")  # five days at 230.00
CLAIMED = EMERGENCY.net + CARPET + DRYING + COWORKING
WEAR = Decimal("876.00")  # 20 per cent of the server
COWORKING_LIMIT = Decimal("900.00")  # five days at 180.00
ASSESSED = EMERGENCY.net - WEAR + CARPET + DRYING + COWORKING_LIMIT
SETTLED = ASSESSED - EXCESS
