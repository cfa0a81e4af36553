"""Personal numbers by Presidio's recognisers: which of them, as what kind, and when they are believed. Pure.

Presidio's scores are for a threshold; a check digit lifts any run of digits to the top, and one run in ten has it by chance. Here a
recogniser is believed either by form alone, where the form is rare and mostly checked, or only behind one of its labels
('passport', 'codice fiscale', ...). Its labels are Presidio's context words, or ours where those are common words ('us', 'bank').
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from rag.redaction.presidio import recogniser

LOOKS_BACK = 50
"""Characters before a number in which its label stands."""
SURE = 0.5
"""Presidio's score from which a form is believed without a label. Checked forms have 1."""


class Source(NamedTuple):
    """A recogniser. `by_form` believes it without a label; `labels` take the place of its own, `only` keeps some of its patterns,
    `where` is something that a text with a find has."""

    kind: str
    module: str
    name: str
    by_form: bool = False
    labels: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    where: re.Pattern[str] | None = None


_LINK = re.compile(r"://|\bwww\.|\w\.\w{2,}/", re.IGNORECASE)
"""An address of the web as people write it; 'you.Please' has the form of a bare one."""

ANYWHERE = (
    Source("IBAN", "generic.iban_recognizer", "IbanRecognizer", True),
    Source("CRYPTO", "generic.crypto_recognizer", "CryptoRecognizer", True),
    Source("MAC", "generic.mac_recognizer", "MacAddressRecognizer", True),
    Source("IP", "generic.ip_recognizer", "IpRecognizer", True),
    Source(
        "URL", "generic.url_recognizer", "UrlRecognizer", True, only=("Standard Url", "Non schema URL"), where=_LINK
    ),
)
_PLATES = ("vehicle registration", "registration plate", "registration mark", "number plate", "licence plate", "license plate", "vrm")  # fmt: skip

# Presidio's numbers of firms (HRB, UEN, ACN ...), of pharmacies and of claims are left out; so are its German pension number and
# tax id, which ours find with spaces too (docs/redaction.md).
BY_COUNTRY: dict[str, tuple[Source, ...]] = {
    "AU": (
        Source("TAX_ID", "australia.au_tfn_recognizer", "AuTfnRecognizer"),
        Source("TAX_ID", "australia.au_abn_recognizer", "AuAbnRecognizer"),
        Source("HEALTH_ID", "australia.au_medicare_recognizer", "AuMedicareRecognizer"),
    ),
    "CA": (
        Source("SOCIAL_SECURITY", "canada.ca_sin_recognizer", "CaSinRecognizer"),
        Source("ADDRESS", "canada.ca_postal_code_recognizer", "CaPostalCodeRecognizer"),
    ),
    "DE": (
        Source("TAX_ID", "germany.de_vat_id_recognizer", "DeVatIdRecognizer"),
        Source("TAX_ID", "germany.de_tax_number_recognizer", "DeTaxNumberRecognizer"),
        Source("ID_NUMBER", "germany.de_id_card_recognizer", "DeIdCardRecognizer"),
        Source("ID_NUMBER", "germany.de_passport_recognizer", "DePassportRecognizer"),
        Source("ID_NUMBER", "germany.de_fuehrerschein_recognizer", "DeFuehrerscheinRecognizer"),
        Source("HEALTH_ID", "germany.de_health_insurance_recognizer", "DeHealthInsuranceRecognizer"),
        Source("HEALTH_ID", "germany.de_lanr_recognizer", "DeLanrRecognizer"),
        Source("VEHICLE", "germany.de_kfz_recognizer", "DeKfzRecognizer"),
    ),
    "ES": (
        Source("ID_NUMBER", "spain.es_nif_recognizer", "EsNifRecognizer"),
        Source("ID_NUMBER", "spain.es_nie_recognizer", "EsNieRecognizer", True),
        Source("ID_NUMBER", "spain.es_passport_recognizer", "EsPassportRecognizer"),
    ),
    "FI": (Source("ID_NUMBER", "finland.fi_personal_identity_code_recognizer", "FiPersonalIdentityCodeRecognizer", True),),
    "GB": (
        Source("SOCIAL_SECURITY", "uk.uk_nino_recognizer", "UkNinoRecognizer", True),
        Source("SOCIAL_SECURITY", "uk.uk_nhs_recognizer", "NhsRecognizer"),
        Source("ID_NUMBER", "uk.uk_driving_licence_recognizer", "UkDrivingLicenceRecognizer", True),
        Source("ID_NUMBER", "uk.uk_passport_recognizer", "UkPassportRecognizer"),
        Source("VEHICLE", "uk.uk_vehicle_registration_recognizer", "UkVehicleRegistrationRecognizer", labels=_PLATES),
    ),
    "IN": (
        Source("ID_NUMBER", "india.in_aadhaar_recognizer", "InAadhaarRecognizer"),
        Source("ID_NUMBER", "india.in_voter_recognizer", "InVoterRecognizer"),
        Source("ID_NUMBER", "india.in_passport_recognizer", "InPassportRecognizer"),
        # Its weakest pattern takes any ten letters, and costs more than all other recognisers together.
        Source("TAX_ID", "india.in_pan_recognizer", "InPanRecognizer", only=("PAN (High)",)),
        Source("TAX_ID", "india.in_gstin_recognizer", "InGstinRecognizer", True),
        Source("VEHICLE", "india.in_vehicle_registration_recognizer", "InVehicleRegistrationRecognizer", labels=_PLATES),
    ),
    "IT": (
        Source("TAX_ID", "italy.it_fiscal_code_recognizer", "ItFiscalCodeRecognizer", True),
        Source("TAX_ID", "italy.it_vat_code", "ItVatCodeRecognizer", labels=("partita iva", "p. iva", "p.iva", "piva", "vat")),
        Source("ID_NUMBER", "italy.it_identity_card_recognizer", "ItIdentityCardRecognizer"),
        Source("ID_NUMBER", "italy.it_passport_recognizer", "ItPassportRecognizer", labels=("passaporto", "passport")),
        Source("ID_NUMBER", "italy.it_driver_license_recognizer", "ItDriverLicenseRecognizer"),
    ),
    "KR": (
        Source("ID_NUMBER", "korea.kr_rrn_recognizer", "KrRrnRecognizer", True),
        Source("ID_NUMBER", "korea.kr_frn_recognizer", "KrFrnRecognizer"),
        Source("ID_NUMBER", "korea.kr_passport_recognizer", "KrPassportRecognizer"),
        Source("ID_NUMBER", "korea.kr_driver_license_recognizer", "KrDriverLicenseRecognizer"),
    ),
    "NG": (
        Source("ID_NUMBER", "nigeria.ng_nin_recognizer", "NgNinRecognizer"),
        Source("VEHICLE", "nigeria.ng_vehicle_registration_recognizer", "NgVehicleRegistrationRecognizer"),
    ),
    "PH": (
        Source("TAX_ID", "philippines.ph_tin_recognizer", "PhTinRecognizer"),
        Source("ID_NUMBER", "philippines.ph_umid_recognizer", "PhUmidRecognizer"),
        Source("ID_NUMBER", "philippines.ph_passport_recognizer", "PhPassportRecognizer"),
    ),
    "PL": (Source("ID_NUMBER", "poland.pl_pesel_recognizer", "PlPeselRecognizer"),),
    "SE": (Source("ID_NUMBER", "sweden.se_personnummer_recognizer", "SePersonnummerRecognizer"),),
    "SG": (Source("ID_NUMBER", "singapore.sg_fin_recognizer", "SgFinRecognizer"),),
    "TH": (Source("ID_NUMBER", "thai.th_tnin_recognizer", "ThTninRecognizer"),),
    "TR": (
        Source("ID_NUMBER", "turkey.tr_national_id_recognizer", "TrNationalIdRecognizer"),
        Source("VEHICLE", "turkey.tr_license_plate_recognizer", "TrLicensePlateRecognizer"),
    ),
    "US": (
        Source("TAX_ID", "us.us_itin_recognizer", "UsItinRecognizer", labels=("itin", "taxpayer identification")),
        Source("SOCIAL_SECURITY", "us.us_ssn_recognizer", "UsSsnRecognizer", True),
        Source("ID_NUMBER", "us.us_passport_recognizer", "UsPassportRecognizer", labels=("passport",)),
        Source("ID_NUMBER", "us.us_driver_license_recognizer", "UsLicenseRecognizer",
               labels=("driver", "drivers", "driver's", "driver’s", "driving", "dl", "dls", "cdl")),
        Source("BANK_ACCOUNT", "us.us_bank_recognizer", "UsBankRecognizer",
               labels=("account no", "account number", "account #", "acct", "bank account", "checking account", "savings account")),
        Source("BANK_ACCOUNT", "us.aba_routing_recognizer", "AbaRoutingRecognizer", labels=("aba", "routing", "rtn")),
        Source("HEALTH_ID", "us.us_mbi_recognizer", "UsMbiRecognizer", True),
        Source("HEALTH_ID", "us.us_npi_recognizer", "UsNpiRecognizer", labels=("npi", "national provider")),
        Source("HEALTH_ID", "us.medical_license_recognizer", "MedicalLicenseRecognizer",
               labels=("dea", "medical license", "medical licence", "prescriber")),
        Source("HEALTH_ID", "us.us_health_insurance_member_id_recognizer", "UsHealthInsuranceMemberIdRecognizer",
               labels=("member id", "member no", "member number", "subscriber id", "insurance id")),
    ),
    "ZA": (
        Source("ID_NUMBER", "south_africa.za_id_number_recognizer", "ZaIdNumberRecognizer"),
        Source("ID_NUMBER", "south_africa.za_passport_recognizer", "ZaPassportRecognizer"),
        Source("ID_NUMBER", "south_africa.za_driver_license_recognizer", "ZaDriverLicenseRecognizer"),
        Source("TAX_ID", "south_africa.za_income_tax_number_recognizer", "ZaIncomeTaxNumberRecognizer"),
        Source("VEHICLE", "south_africa.za_license_plate_recognizer", "ZaLicensePlateRecognizer", labels=_PLATES),
    ),
}  # fmt: skip


class _Loaded(NamedTuple):
    source: Source
    recogniser: Any
    words: tuple[str, ...]
    labels: re.Pattern[str]


def numbers(text: str, kinds: Iterable[str], countries: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """(start, end, kind) of what the recognisers of everywhere and of the countries believe; may lie over each other. First what stands
    nearest to its label, last what is believed by its form alone."""
    wanted = set(kinds)
    lowered = text.casefold()
    believed: list[tuple[int, int, int, str]] = []
    for one in _loaded(tuple(countries)):
        kind, by_form = one.source.kind, one.source.by_form
        # Most pages hold no label of most countries, and are done with at the cost of looking for the words.
        if kind not in wanted or not (by_form or any(word in lowered for word in one.words)):
            continue
        if one.source.where is not None and not one.source.where.search(text):
            continue
        for found in one.recogniser.analyze(text, one.recogniser.supported_entities):
            sure = by_form and found.score >= SURE and _stands_alone(kind, text, found.start, found.end)
            away = _away(one.labels, text[max(0, found.start - LOOKS_BACK) : found.start].casefold())
            if away is None and sure:
                away = LOOKS_BACK
            if away is not None:
                end = found.start + len(text[found.start : found.end].rstrip())
                believed.append((away, found.start, end, kind))
    for _, start, end, kind in sorted(believed, key=lambda one: one[0]):
        yield start, end, kind


def _away(labels: re.Pattern[str], before: str) -> int | None:
    """Characters from the last label to the end; None where there is none."""
    ends = [match.end() for match in labels.finditer(before)]
    return len(before) - ends[-1] if ends else None


def _stands_alone(kind: str, text: str, start: int, end: int) -> bool:
    if kind == "IP":  # 'section A.5.3.1.7' goes on at one of its ends
        return text[start - 1 : start] != "." and not re.match(r"\.\d", text[end : end + 2])
    return kind != "URL" or bool(_LINK.search(text[start:end]))


@cache
def _loaded(countries: tuple[str, ...]) -> tuple[_Loaded, ...]:
    sources = [(one, one.module) for one in ANYWHERE]
    sources += [(one, f"country_specific.{one.module}") for country in countries for one in BY_COUNTRY[country]]
    return tuple(_load(source, module) for source, module in sources)


def _load(source: Source, module: str) -> _Loaded:
    kind = recogniser(module, source.name)
    made = kind(patterns=[one for one in kind.PATTERNS if not source.only or one.name in source.only])
    words = tuple(word.casefold() for word in source.labels or made.context or ())
    inner = "|".join(map(re.escape, words)) or r"(?!)"
    return _Loaded(source, made, words, re.compile(rf"(?<!\w)(?:{inner})(?!\w)"))
