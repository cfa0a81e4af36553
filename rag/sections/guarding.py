"""Settings of what guards the library: the audit log, the virus scanner, the removal of names."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rag.sections.scaling import Section


class Audit(Section):
    """Who did what (docs/access.md)."""

    mode: Literal["auto", "on", "off"] = "auto"
    """auto: where API keys are asked for. Without them there is nobody to tell apart."""
    questions: bool = False
    """Keep the text of questions and searches in the log."""
    keep_days: float = Field(default=365, ge=0)
    """Older lines are removed; 0 keeps all."""


class Antivirus(Section):
    """A virus scanner that files are shown to before they are taken."""

    address: str = ""
    """clamd: host:port, or unix:/run/clamav/clamd.ctl. Empty: none."""
    fail_closed: bool = True
    """What cannot be scanned is refused (503, or 413 when it is too large for the scanner), else taken with a warning in the log."""
    seconds: float = Field(default=60, gt=0)
    """That the scanner may take."""
    keep: bool = True
    """Infected files are kept in the blob store under quarantine/, where nothing reads them."""


Country = Literal[
    "AU", "CA", "DE", "ES", "FI", "GB", "IN", "IT", "KR", "NG", "PH", "PL", "SE", "SG", "TH", "TR", "US", "ZA"
]  # fmt: skip
"""ISO codes of the countries whose personal numbers there are recognisers for (rag/redaction/recognisers.py)."""


class Redaction(Section):
    """Personal data (docs/redaction.md)."""

    kinds: tuple[str, ...] = (
        "PERSON",
        "EMAIL",
        "PHONE",
        "IBAN",
        "CARD",
        "ADDRESS",
        "BIRTH_DATE",
        "TAX_ID",
        "SOCIAL_SECURITY",
        "ID_NUMBER",
        "HEALTH_ID",
        "BANK_ACCOUNT",
        "VEHICLE",
        "CRYPTO",
        "IP",
        "MAC",
    )
    """What redacted texts and PDFs leave out when the request does not say. URL is the one more that can be named."""
    countries: tuple[Country, ...] = ("AU", "DE", "ES", "GB", "IN", "IT", "PL", "US")
    """Whose personal, tax, health, bank and vehicle numbers are looked for."""
    phone_countries: tuple[Annotated[str, Field(pattern="^[A-Z]{2}$")], ...] = ("DE", "GB", "US", "AT", "CH", "IE")
    """Whose telephone numbers are looked for without their country's code; with it they are found of every country."""
    dpi: int = 150
    """Of the pictures of a redacted PDF."""
    pages: int = 200
    """Longer documents are not made into redacted PDFs."""
    verify: bool = True
    """Read the redacted pictures again by OCR and black out what is still found: words in drawings and logos."""
    prompts: bool = False
    """Personal data is replaced before a prompt reaches the language model, and put back into its answer."""
    logs: bool = False
    """Personal data that has a form is replaced in log lines."""
