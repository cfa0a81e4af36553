"""Made passages and questions, as many as wanted: subjects with their own words, invented names, codes, dates and amounts.

Word counts follow a power law as in written text: a few words of a subject carry most sentences, invented names are rare.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SUBJECTS = {
    "lease": "tenant landlord rent deposit premises term renewal notice repair garden heating sublet key inventory arrears",
    "loan": "borrower lender interest principal instalment default security collateral maturity covenant drawdown margin fee",
    "insurance": "policy claim insured premium excess damage cover liability theft fire flood assessor broker exclusion",
    "employment": "employee employer salary overtime leave dismissal probation duties pension bonus contract manager shift",
    "invoice": "supplier customer quantity price discount tax total payment due reminder delivery article account bank",
    "court": "plaintiff defendant judgment appeal evidence witness hearing damages counsel statute verdict court motion",
    "medicine": "patient dose trial treatment symptom placebo tumour blood infection surgery diagnosis therapy nurse fever",
    "biology": "protein cell gene membrane mutation enzyme receptor bacteria virus tissue embryo species habitat neuron",
    "physics": "electron magnetic field particle energy laser quantum temperature crystal wave detector mass vacuum orbit",
    "chemistry": "acid solvent catalyst polymer reaction molecule oxide ion solution bond hydrogen yield residue alloy",
    "software": "server database query cache deploy token module compiler thread latency memory request bug release branch",
    "networks": "router packet bandwidth protocol firewall antenna signal switch cable traffic gateway outage node link",
    "cooking": "flour butter oven sauce garlic onion simmer recipe dough pepper roast pan salt lemon serve dessert",
    "travel": "flight hotel passport airport luggage booking tour island visa train ticket beach guide delay fare",
    "sport": "team match goal coach league season player referee injury stadium training record medal transfer tournament",
    "music": "orchestra violin album concert melody singer piano chord rhythm composer festival opera band recording",
    "building": "concrete foundation roof architect permit scaffold beam contractor site drawing insulation crane facade brick",
    "energy": "turbine grid solar battery plant emission gas pipeline voltage storage meter generator reactor fuel",
    "farming": "wheat cattle harvest soil irrigation tractor fertiliser barn milk orchard pesticide seed yield drought",
    "shipping": "container vessel port cargo customs freight captain dock tonnage route bill lading pilot berth",
    "school": "pupil teacher lesson exam grade homework library classroom curriculum course degree campus essay lecture",
    "politics": "minister parliament vote election treaty budget reform party committee senator bill coalition policy mayor",
    "history": "empire king battle fortress treaty century monastery manuscript siege dynasty revolt trade colony ruin",
    "finance": "share dividend bond portfolio audit profit ledger asset equity hedge currency deficit reserve yield quarter",
}
_VERBS = "covers requires shows ends limits replaces follows reports includes reduces confirms delays raises describes measures changes supports excludes"
_ADJECTIVES = "new early large written annual final local late small monthly joint open critical high common partial formal separate"
_GENERAL = "year part person number result work place part case time group report day value period side"
_FRAMES = (
    "The {a} {n} {v} the {n} of the {n}.",
    "{N} {v} the {n} before the {a} {n} on {date}.",
    "Under section {code} the {n} {v} every {a} {n} in {place}.",
    "In {place}, {N} and {N} said that the {n} {v} a {a} {n}.",
    "The {n} of {amount} {v} the {n} and the {g} of the {n}.",
    "A {a} {n} with number {code} {v} the {n} of {N}.",
    "When the {n} is {a}, the {n} {v} the {g}.",
    "No {n} {v} the {n} without a {a} {n} from {N}.",
)
_QUESTIONS = (
    "What {v} the {a} {n} of the {n}?",
    "When does the {n} end in {place}?",
    "Who confirms the {n} and the {n}?",
    "How much is the {n} of {N}?",
    "Which {n} {v} the {a} {n}?",
    "Is a {a} {n} needed before the {n}?",
)
_SYLLABLES = [
    "ba",
    "bel",
    "cor",
    "dan",
    "el",
    "far",
    "gor",
    "hal",
    "in",
    "jor",
    "kal",
    "lem",
    "mar",
    "nor",
    "ol",
    "per",
    "quin",
    "ros",
    "sal",
    "tor",
    "ul",
    "ven",
    "wil",
    "yar",
    "zen",
]


@dataclass(frozen=True, slots=True)
class MadeText:
    """`passages(n)` and `questions(n)`: the same seed gives the same text."""

    seed: int = 7
    sentences: int = 6

    def passages(self, count: int) -> list[str]:
        """Each about one subject, with a sentence of another: 60 to 90 words."""
        rng = np.random.default_rng(self.seed)
        names = list(_SUBJECTS)
        made = []
        for _ in range(count):
            main, other = rng.choice(len(names), 2, replace=False)
            frames = rng.integers(0, len(_FRAMES), self.sentences)
            made.append(
                " ".join(
                    _filled(_FRAMES[frame], names[other if position == 4 else main], rng)
                    for position, frame in enumerate(frames)
                )
            )
        return made

    def questions(self, count: int) -> list[str]:
        """All different: an index remembers what it was asked last."""
        rng = np.random.default_rng(self.seed + 1)
        names = list(_SUBJECTS)
        made: dict[str, None] = {}
        while len(made) < count:
            made[_filled(_QUESTIONS[rng.integers(len(_QUESTIONS))], names[rng.integers(len(names))], rng)] = None
        return list(made)


def _filled(frame: str, subject: str, rng: np.random.Generator) -> str:
    nouns = _SUBJECTS[subject].split()
    pieces = []
    for piece in frame.replace("{", "\0{").replace("}", "}\0").split("\0"):
        match piece:
            case "{n}":
                # A power law over the subject's words: its first ones are everywhere.
                pieces.append(nouns[min(int(rng.pareto(1.1)), len(nouns) - 1)] if rng.random() < 0.8 else subject)
            case "{a}":
                pieces.append(_pick(_ADJECTIVES, rng))
            case "{v}":
                pieces.append(_pick(_VERBS, rng))
            case "{g}":
                pieces.append(_pick(_GENERAL, rng))
            case "{N}" | "{place}":
                pieces.append("".join(rng.choice(_SYLLABLES, rng.integers(2, 4))).capitalize())
            case "{date}":
                pieces.append(f"{rng.integers(1, 29)} May {rng.integers(1990, 2027)}")
            case "{code}":
                pieces.append(f"{chr(65 + rng.integers(26))}-{rng.integers(100, 99999)}")
            case "{amount}":
                pieces.append(f"EUR {rng.integers(1, 90)},{rng.integers(100, 999)}.{rng.integers(10, 99)}")
            case _:
                pieces.append(piece)
    return "".join(pieces)


def _pick(words: str, rng: np.random.Generator) -> str:
    choices = words.split()
    return choices[rng.integers(len(choices))]
