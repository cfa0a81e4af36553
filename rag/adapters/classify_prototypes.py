"""Zero-shot document types: nearest label prototypes by sentence embedding, with cue words that such documents carry."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from rag.adapters.embed_st import SentenceTransformerEmbedder
from rag.model import Classification, Label

DEFAULT_LABELS: Mapping[str, str] = {
    "contract": "A contract or agreement between parties with clauses on term, termination and governing law."
    "|This Agreement is made and entered into between the parties, hereinafter the Landlord and the Tenant."
    "|The employee shall receive a salary and give notice of termination in writing.",
    "invoice": "An invoice asking for payment with invoice number, line items, VAT and total due."
    "|Invoice no., bill to, quantity, unit price, subtotal, tax, amount due, payment terms, IBAN.",
    "receipt": "A receipt of a shop or restaurant for items bought and paid."
    "|Receipt, cashier, table, qty, subtotal, cash, change, rounding, thank you, please come again.",
    "letter": "A letter with a salutation and a closing formula."
    "|Dear Sir or Madam, I am writing to you with reference to your letter. Yours faithfully.",
    "e-mail": "An e-mail message with sender, recipients and subject."
    "|From: To: Cc: Subject: Sent: Hi, could you please let me know by tomorrow? Thanks, best regards"
    "|Let's meet on Monday, I will forward the attached file.",
    "form": "A form to be filled in with fields and boxes to tick."
    "|Application form, section A, name of applicant, date of birth, tick the box, signature of applicant.",
    "report": "A report with sections, findings, tables and recommendations."
    "|Quarterly report: executive summary, highlights, operations, outlook, key figures.",
    "financial statement": "A financial statement: balance sheet, statement of operations or cash flow statement."
    "|Consolidated statements of income, total assets, liabilities, stockholders' equity, in thousands, year ended December 31."
    "|Bank account statement, opening balance, closing balance, debit, credit.",
    "resume": "A resume or curriculum vitae of a person."
    "|Curriculum vitae, work experience, education, skills, languages, references.",
    "scientific paper": "A scientific paper with abstract, method, experiments and results."
    "|We propose a novel method and show in experiments that it outperforms the state of the art."
    "|In this study, patients were examined; the results suggest that the effect is significant."
    "|We investigate a model, derive a bound and analyse its performance on data sets.",
    "news article": "A news article about an event, a person, politics, business or sport."
    "|The minister said on Tuesday that the government would act, officials and reporters told the agency."
    "|The company announced record profits and its shares rose, analysts said. Press release."
    "|The team won the match on Saturday in front of the crowd.",
    "policy": "A policy with rules that users or employees must follow."
    "|Privacy policy: we collect personal information, cookies and data when you use our website and services."
    "|This policy applies to all employees; expenses are reimbursed when approved.",
    "minutes": "Minutes of a meeting with attendees, agenda and decisions."
    "|Present, apologies, the chair opened the meeting, it was resolved, action items, next meeting.",
    "presentation": "Slides of a presentation with short bullet points."
    "|Agenda, key takeaways, next steps, thank you, questions.",
}
OTHER = "other"
_CUES: Mapping[str, str] = {
    "contract": r"\b(?:agreement|hereinafter|hereby|lease|landlord|tenant|party of the|governing law|termination|whereas|amendment|non-disclosure|employer)\b",
    "invoice": r"\b(?:invoice|bill to|amount due|vat|payment terms|unit price|purchase order|due date)\b",
    "receipt": r"\b(?:receipt|cash|change|cashier|tax invoice|thank you|gst|rounding|qty|table)\b",
    "letter": r"\b(?:our ref|your ref|enclosed|i am writing|we are writing|we write|thank you for your letter|dear (?:sir|madam|mr|ms|mrs|dr|\w+ \w+,)|yours (?:sincerely|faithfully)|re:|sincerely)\b",
    "e-mail": r"(?:^|\n)\s*(?:from|to|cc|subject|sent):|\b(?:forwarded by|original message|best regards)\b",
    "form": r"\b(?:application form|applicant|tick|application no|for official use|signature of)\b|\[[x ]\]|☐|☒",
    "report": r"\b(?:quarterly report|annual report|quarter|highlights|executive summary|key figures|outlook)\b",
    "financial statement": r"\b(?:balance sheet|cash flows?|opening balance|closing balance|statement of account|total assets|liabilities|net income|fiscal|consolidated)\b",
    "resume": r"\b(?:curriculum vitae|résumé|resume|experience|education|skills|languages|references)\b",
    "scientific paper": r"\b(?:abstract|et al|keywords|in this (?:paper|study|work)|data ?sets?|experiments?|related work|doi|hypothes[ie]s|patients|cohort"
    r"|in (?:vitro|vivo)|mice|cells?|proteins?|genes?|algorithms?|neural|statistically|significant(?:ly)?|randomi[sz]ed|outperforms?|baselines?|state of the art"
    r"|our (?:results|findings|method|approach|model|data)|results (?:show|suggest|indicate|demonstrate)|we (?:show|propose|present|find|found|report"
    r"|investigated?|demonstrate|introduce|describe|evaluated?|analy[sz]ed?|tested|examined?|identif\w+|develop\w*|conclude))\b",
    "news article": r"\b(?:press release|said|says|announced|spokes(?:man|woman|person)|reporters?|told|minister|government|police|analysts?|champions?|match|film"
    r"|election|prime minister|mps?|shares|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    "policy": r"\b(?:policy|policies|applies to|must not|cookies?|personal (?:data|information)|compliance|reimburse\w*|approved by|we (?:may )?(?:collect|use|share)"
    r"|third part(?:y|ies)|opt out|unsubscribe|privacy|your (?:information|data|account|device)|our (?:site|website|services?))\b",
    "minutes": r"\b(?:minutes|attendees|apologies|action items?|chair\w*|resolved|agenda|present:)\b",
    "presentation": r"\b(?:slides?|agenda|takeaways|next steps|kick-?off|roadmap|milestones|questions\?|thank you)\b",
}
_NAME_CUES: Mapping[str, str] = {
    "contract": r"contract|agreement|lease\b|nda\b|amendment|vertrag",
    "invoice": r"invoice|rechnung|bill\b",
    "receipt": r"receipt|quittung",
    "letter": r"letter|brief",
    "e-mail": r"e-?mail|\.eml|\.msg",
    "form": r"form\b|application|antrag",
    "report": r"report|bericht",
    "financial statement": r"statement|balance|bank",
    "resume": r"resume|\bcv\b|curriculum",
    "scientific paper": r"paper|article|arxiv",
    "news article": r"news|press",
    "policy": r"policy|guideline",
    "minutes": r"minutes|protokoll",
    "presentation": r"slides|presentation|\.pptx?",
}
_STRONG: Mapping[str, str] = {
    "contract": r"\b(?:this|the) (?:[\w-]+ ){0,6}(?:agreement|lease|contract|amendment)\b.{0,60}\b(?:made|entered|dated|between|by and)\b"
    r"|\bby and (?:between|among)\b|\bhereinafter\b",
    "letter": r"(?:^|\n)\s*dear (?:sir|madam|mr|ms|mrs|dr|[a-z]+ ?[a-z]*[,:\n])",
    "e-mail": r"\bfrom: ?.{1,200}?\b(?:to|sent|date|subject):.{0,300}?\b(?:to|sent|date|subject|cc):",
    "form": r"\b(?:application|registration|claim|request|consent|enrol\w*) form\b|\bplease (?:tick|complete (?:all|this))|for office use",
    "report": r"\b(?:quarterly|annual|progress|inspection|incident|final|status|technical|survey|assessment) report\b(?! (?:pursuant|on form))",
    "financial statement": r"\b(?:form 10-[kq]|securities and exchange commission|statement of account|balance sheets?|statements? of (?:income|operations"
    r"|cash flows?|financial position)|annual report pursuant|profit and loss)\b",
    "resume": r"\bcurriculum vitae\b|\br[ée]sum[ée]\b|\bwork experience\b",
    "scientific paper": r"\babstract\b.{20,}|\bdoi[: ]|\bet al\b|\b(?:we|this (?:paper|study)) (?:propose|present|show|investigate|demonstrate|report|describe|introduce|examine|found)",
    "policy": r"\b(?:privacy|travel|expense|leave|security|retention|remote work\w*|data protection|acceptable use|cookie|purchasing) policy\b",
    "minutes": r"\bminutes of\b|\baction items?\b|\bmeeting minutes\b|\bapologies\b",
    "presentation": r"\bslide \d+\b",
}
"""What such a document says of itself near its beginning."""
STRONG_CHARS = 1500
STRONG_BONUS = 0.1
TITLE_LINES = 6
TITLE_CHARS = 70
_OTHER_TITLE = re.compile(r"\b(?:purchase order|delivery note|packing (?:list|slip)|quotation|certificate|ticket)\b")
"""Types of their own that look like one of the labels: better 'other' than wrong."""
TEMPERATURE = 0.05
CUE_WEIGHT = 0.035
MIN_WORDS = 3
"""A text of fewer words says nothing of its type."""
_WORD = re.compile(r"[^\W\d_]{2,}")
OTHER_BELOW = 0.2
"""A best cosine (with cues) under this is 'other'."""


class PrototypeClassifier:
    def __init__(self, embedder: SentenceTransformerEmbedder, *, labels: Mapping[str, str] = DEFAULT_LABELS) -> None:
        self._embedder = embedder
        self._labels = [label for label in labels if label != OTHER]
        described = [(index, text) for index, label in enumerate(self._labels) for text in labels[label].split("|")]
        self._owner = np.array([index for index, _ in described])
        self._prototypes = embedder.embed([text for _, text in described])
        self.version = f"prototypes/2/{embedder.version}"

    def classify(self, texts: Sequence[str]) -> list[Classification]:
        if not texts:
            return []
        vectors = self._embedder.embed([text[:1200] for text in texts])
        cosines = vectors @ self._prototypes.T
        # A label is as near as its nearest description.
        nearest = np.stack([cosines[:, self._owner == index].max(1) for index in range(len(self._labels))], axis=1)
        return [
            self._decide(row + self._cues(text), text)
            if len(_WORD.findall(text)) >= MIN_WORDS
            else self._decide(row * 0.0, text)
            for row, text in zip(nearest, texts, strict=True)
        ]

    def classify_name(self, filename: str, metadata: str) -> Classification:
        spaced = re.sub(r"[_\-]+", " ", f"{filename} {metadata}").casefold()
        logits = np.array([1.0 if re.search(_NAME_CUES.get(label, r"(?!)"), spaced) else 0.0 for label in self._labels])
        return self._spread(logits * 4.0, other=0.5)

    def _cues(self, text: str) -> np.ndarray:
        sample = text[:3000].casefold()
        hits = [len(set(re.findall(_CUES[label], sample))) if label in _CUES else 0 for label in self._labels]
        opening = sample[:STRONG_CHARS]
        title = _title(sample)
        strong = [
            float(bool(_STRONG.get(label) and re.search(_STRONG[label], opening, re.S)))
            + float(bool(title and label in _NAME_CUES and re.search(rf"\b(?:{_NAME_CUES[label]})", title)))
            for label in self._labels
        ]
        return CUE_WEIGHT * np.minimum(np.array(hits, np.float32), 5) + STRONG_BONUS * np.array(strong, np.float32)

    def _decide(self, scores: np.ndarray, text: str) -> Classification:
        other = OTHER_BELOW
        if _OTHER_TITLE.search(_title(text.casefold())):
            other += float(scores.max())
        return self._spread(scores / TEMPERATURE, other=other / TEMPERATURE)

    def _spread(self, logits: np.ndarray, *, other: float) -> Classification:
        """Softmax over the labels and 'other'."""
        values = np.append(logits, other)
        weights = np.exp(values - values.max())
        weights /= weights.sum()
        ranked = sorted(zip([*self._labels, OTHER], weights.tolist(), strict=True), key=lambda item: -item[1])
        scores = tuple(Label(label, score) for label, score in ranked)
        return Classification(scores[0].label, scores[0].score, scores, self.version)


def _title(text: str) -> str:
    """The short lines that a document begins with; '' when it begins with prose."""
    lines = [line.strip() for line in text[:600].split("\n") if line.strip()][:TITLE_LINES]
    if any(line.startswith(("from:", "subject:")) for line in lines):
        # An e-mail's subject names what it is about, not what it is.
        return ""
    return "\n".join(line for line in lines if len(line) <= TITLE_CHARS)
