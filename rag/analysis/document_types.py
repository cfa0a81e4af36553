"""What documents of each built-in type say: descriptions, cue words, words of their names and openings."""

from __future__ import annotations

import re
from collections.abc import Mapping

DOCUMENT_TYPES: Mapping[str, str] = {
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
CUES: Mapping[str, str] = {
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
NAME_CUES: Mapping[str, str] = {
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
STRONG: Mapping[str, str] = {
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
OTHER_TITLE = re.compile(r"\b(?:purchase order|delivery note|packing (?:list|slip)|quotation|certificate|ticket)\b")
"""Types of their own that look like one of the labels: better 'other' than wrong."""
