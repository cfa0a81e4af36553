"""Tidewatch, the leak forecast: the paper behind it, the kick-off slides, project notes, a news article; and an e-mail."""

import io
from collections.abc import Sequence

from reportlab.graphics.shapes import Drawing, Line, PolyLine, Rect, String
from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, FrameBreak, NextPageTemplate, PageTemplate

from . import world as w
from .layout import GREY, INK, Sheet

SEA = "#0a4c6e"


def _flow_figure() -> Drawing:
    """Night flow of one district over twelve weeks, with the day of the alarm."""
    drawing = Drawing(82 * mm, 42 * mm)
    drawing.add(Rect(9 * mm, 7 * mm, 71 * mm, 32 * mm, fillColor=None, strokeColor=GREY, strokeWidth=0.5))
    heights = (11, 12, 10.5, 12, 11.4, 12.6, 13.9, 15.6, 18.2, 20.7, 24.4, 29.8, 33.5)
    points = [value for step, height in enumerate(heights) for value in ((10 + step * 5.7) * mm, height * mm)]
    drawing.add(PolyLine(points, strokeColor=HexColor(SEA), strokeWidth=1.4))
    drawing.add(Line(50 * mm, 7 * mm, 50 * mm, 39 * mm, strokeColor=HexColor("#b5481e"), strokeDashArray=[3, 2]))
    drawing.add(String(51 * mm, 35 * mm, "alarm", fontSize=7, fillColor=HexColor("#b5481e")))
    drawing.add(String(33 * mm, 2.5 * mm, "weeks 1 to 12", fontSize=7, fillColor=GREY))
    drawing.add(String(1 * mm, 36 * mm, "l/s", fontSize=7, fillColor=GREY))
    return drawing


def paper() -> bytes:
    sheet = Sheet("serif", 10.6, accent="#111111")
    sheet.title("Forecasting leaks in small water networks from night flow", centre=True)
    sheet.text(
        f"<para align='center'><b>{w.NIAMH}</b> (Alder Water Utility) and <b>{w.PETERSEN}</b> (University of West Alder)<br/>"
        "Proceedings of the West Alder Workshop on Water Data, 2024, pages 41 to 42</para>",
    )
    sheet.story += [NextPageTemplate("inner"), FrameBreak()]
    sheet.text(
        "<b>Abstract.</b> Small utilities lose a large part of their water through leaks that are found late. We forecast "
        "leaks from the flow between 2.00 and 4.00 at night, which every utility already records. On 27 months of data from "
        "14 districts our method reaches a precision of 0.81 at a recall of 0.67 and gives a warning 5.2 days, in the "
        "median, before a leak is reported by customers. It needs no pressure sensors and runs on one office computer.",
        justify=True,
    )
    sheet.heading("1 Introduction")
    sheet.text(
        "In the region of Port Alder 23 per cent of the water that enters the network never reaches a customer. Large "
        "utilities fight such losses with dense networks of acoustic and pressure sensors. For a utility with 31,000 "
        "connections this is too expensive: the quotation for pressure sensors in all districts came to EUR 410,000.",
        "Night flow is an old idea [1]. Between two and four in the morning people sleep, so that most of the flow into a "
        "district is loss. The usual practice is a fixed threshold for each district. It produces many false alarms in "
        "summer, when gardens are watered at night, and misses slow leaks, which drift below the threshold for weeks.",
        "Our contribution is threefold: a model of night flow that knows season and holidays; a test for change points "
        "that accumulates small deviations; and an evaluation by the crews who had to dig.",
        justify=True,
    )
    sheet.heading("2 Data")
    sheet.text(
        "We use flow readings every 15 minutes from January 2022 to March 2024 for 14 districts. In this time the crews "
        "repaired 163 leaks, of which 118 are large enough to be seen in night flow, that is, more than 0.4 litres per "
        "second. Gaps make up 6.3 per cent of the readings, mostly because of failed batteries in two meters. Gaps of up "
        "to two hours are interpolated; nights with longer gaps are left out.",
        justify=True,
    )
    sheet.heading("3 Method")
    sheet.text(
        "For each district we fit the logarithm of the minimum night flow with a linear model of temperature, weekday, "
        "school holidays and two annual harmonics. The residuals of the last 60 nights are ranked, so that one burst does "
        "not spoil the scale. A cumulative sum of the ranks raises an alarm when it exceeds a limit, which is chosen on the "
        "first 12 months so that each district has at most one false alarm in a quarter.",
        "We compare with two baselines: a fixed threshold, as used in the control room until 2021, and a neural network with "
        "two recurrent layers that was trained on the same data.",
        justify=True,
    )
    sheet.heading("4 Results")
    sheet.text("Table 1 shows the results on the last 15 months, which were not used for any choice.", justify=True)
    sheet.table(
        [
            ("Method", "Precision", "Recall", "Lead days"),
            ("Fixed threshold", "0.44", "0.59", "1.9"),
            ("Neural network", "0.76", "0.69", "4.6"),
            ("Ours", "0.81", "0.67", "5.2"),
        ],
        (31, 18, 16, 18), right=(1, 2, 3), bold_rows=(-1,),
    )  # fmt: skip
    sheet.notes("Table 1. Results on 71 leaks in the test period.")
    sheet.text(
        "The neural network finds slightly more leaks, but at the price of more false alarms, and it cannot tell the crew "
        "why. Our alarms come with the curve of the residuals, from which an experienced fitter can see whether a leak is "
        "growing. Figure 1 shows a case in district 9, where a joint under the fish market opened over seven weeks.",
        justify=True,
    )
    sheet.story.append(_flow_figure())
    sheet.notes("Figure 1. Minimum night flow in district 9, spring of 2023.")
    sheet.text(
        "Of the 11 false alarms, six were caused by flushing of hydrants that had not been entered in the log, three by a "
        "brewery that worked at night, and two remain unexplained.",
        justify=True,
    )
    sheet.heading("5 Limits")
    sheet.text(
        "The method fails in districts with fewer than 400 connections, because single customers then dominate the night "
        "flow. It cannot locate a leak inside a district: crews still walk with listening sticks, for 3.5 hours on average. "
        "Leaks that open suddenly, about a fifth of all, give no warning that could be used.",
        "All data come from one utility with an old cast-iron network. Plastic pipes leak differently, and we would expect "
        "shorter lead times there.",
        justify=True,
    )
    sheet.heading("6 Conclusion")
    sheet.text(
        "A careful model of data that are already there beats a threshold by far and matches a neural network. We estimate "
        "that the earlier warning saves 190,000 cubic metres of water a year. The code is available from the first author "
        "on request; the flow data cannot be published, since they show when large customers work.",
        "<b>Acknowledgement.</b> We thank Maeve Tierney and her crews for their notes, and the Saltmarsh Foundation for grant "
        "SF-2022-18.",
        justify=True,
    )
    sheet.heading("References")
    sheet.notes(
        "[1] L. Aherne. Night lines: a practical guide to leakage. Port Alder Water Press, 1998.",
        "[2] J. Petersen. Rank statistics for change points in short series. West Alder Reports 12, 2019.",
        "[3] S. Moreau and T. Ikeda. Recurrent networks for district metering. Water Data Letters 4, 2021.",
    )
    width, height = A4
    column, gutter, side = 83 * mm, 8 * mm, 18 * mm
    head = 26 * mm

    def columns(top: float) -> list[Frame]:
        tall = height - top - 20 * mm
        return [
            Frame(side + index * (column + gutter), 20 * mm, column, tall, leftPadding=0, rightPadding=0, topPadding=0)
            for index in range(2)
        ]

    def number(canvas: Canvas, document: BaseDocTemplate) -> None:
        canvas.setFont("Times-Italic", 9)
        canvas.setFillColor(GREY)
        canvas.drawCentredString(
            width / 2, 11 * mm, f"West Alder Workshop on Water Data 2024   -   {40 + document.page}"
        )

    file = io.BytesIO()
    document = BaseDocTemplate(file, pagesize=A4, invariant=1, title="Forecasting leaks", author="Redwell sample data")
    banner = Frame(side, height - 18 * mm - head, width - 2 * side, head, leftPadding=0, rightPadding=0)
    document.addPageTemplates(
        [
            PageTemplate("first", [banner, *columns(18 * mm + head)], onPage=number),
            PageTemplate("inner", columns(20 * mm), onPage=number),
        ]
    )
    document.build(sheet.story)
    return file.getvalue()


def slides() -> bytes:
    """Five landscape slides, drawn directly."""
    file = io.BytesIO()
    width, height = 297 * mm, 167 * mm
    canvas = Canvas(file, pagesize=(width, height), invariant=1)
    canvas.setTitle("Tidewatch kick-off")
    canvas.setAuthor("Redwell sample data")
    canvas.setFillColor(HexColor(SEA))
    canvas.rect(0, 0, width, height, stroke=0, fill=1)
    canvas.setFillColor(HexColor("#0f6b96"))
    for step in range(5):
        canvas.circle(width - 30 * mm, 20 * mm, (70 - step * 13) * mm, stroke=0, fill=1)
        canvas.setFillColor(HexColor(SEA if step % 2 == 0 else "#0f6b96"))
    canvas.setFillColor(white)
    canvas.setFont("Helvetica-Bold", 38)
    canvas.drawString(25 * mm, 100 * mm, "Tidewatch")
    canvas.setFont("Helvetica", 20)
    canvas.drawString(25 * mm, 86 * mm, "Finding leaks before customers do")
    canvas.setFont("Helvetica", 14)
    canvas.drawString(25 * mm, 58 * mm, "Kick-off with Alder Water Utility, 2 September 2025")
    canvas.drawString(25 * mm, 49 * mm, f"{w.HELENA}, {w.NIAMH}, {w.PRIYA}")
    canvas.showPage()
    _slide(canvas, 2, "Why we are here", (
        "23 per cent of the water of Port Alder is lost before it reaches a tap",
        "A leak runs for 34 days on average before somebody reports it",
        "Each lost cubic metre costs the utility EUR 0.87 for pumping and treatment",
        "Goal: reduce losses from 23 to 17 per cent by the end of 2027",
    ))  # fmt: skip
    _slide(canvas, 3, "What we will build", (
        "A forecast for each district every morning at 6.00, from the flow of the night",
        "Alarms with a curve and a reason, on the screens of the control room",
        "A feedback button: leak found, no leak, not checked",
        "Data stay in the utility's own data centre at Pumphouse Way",
    ))  # fmt: skip
    _slide(canvas, 4, "Plan and budget", (
        "Phase 1: pilot in six districts, 15 September to 19 December 2025",
        "Phase 2: all 14 districts, from 12 January 2026",
        "Handover to operations: 31 August 2027",
        "Budget EUR 366,000: 40 per cent at the start, 35 per cent after phase 1, 25 per cent at handover",
    ))  # fmt: skip
    _slide(canvas, 5, "People and risks", (
        "Utility: Maeve Tierney (sponsor), Rory Haddow (project lead)",
        "Brightwater: Niamh Farrell (data), Priya Raman (customer), two analysts to be hired",
        "Risk 1: meters with weak batteries; 38 will be replaced before the pilot starts",
        "Risk 2: crews do not trust alarms; the first month runs in parallel with the old threshold",
    ))  # fmt: skip
    canvas.save()
    return file.getvalue()


def _slide(canvas: Canvas, number: int, title: str, points: Sequence[str]) -> None:
    width, height = 297 * mm, 167 * mm
    canvas.setFillColor(HexColor(SEA))
    canvas.rect(0, height - 30 * mm, width, 30 * mm, stroke=0, fill=1)
    canvas.setFillColor(white)
    canvas.setFont("Helvetica-Bold", 26)
    canvas.drawString(22 * mm, height - 19 * mm, title)
    for index, point in enumerate(points):
        y = height - (54 + index * 24) * mm
        canvas.setFillColor(HexColor("#0f6b96"))
        canvas.circle(27 * mm, y + 2 * mm, 2.2 * mm, stroke=0, fill=1)
        canvas.setFillColor(INK)
        canvas.setFont("Helvetica", 16)
        canvas.drawString(36 * mm, y, point)
    canvas.setFillColor(GREY)
    canvas.setFont("Helvetica", 10)
    canvas.drawString(22 * mm, 8 * mm, "Brightwater Analytics Ltd  |  Tidewatch kick-off")
    canvas.drawRightString(width - 22 * mm, 8 * mm, str(number))
    canvas.showPage()


PROJECT_NOTES = """\
# Tidewatch: project notes

Customer: Alder Water Utility. Lead on our side: Niamh Farrell. Contact there: Rory Haddow.
Contract signed 27 August 2025, value EUR 366,000.00. Newest entries first.

## 2025-11-10

- The forecast ran late three times last week because the export of the meters arrives only at 5.50. Rory will ask for it
  to be moved to 4.30.
- District 12 is out of the pilot for now: it has only 380 connections, and the night flow is dominated by the laundry.
- Next steering meeting: 1 December 2025, 14.00, at Pumphouse Way.

## 2025-10-13

The second leak that nobody knew of was found in district 4, under the car park of the swimming pool: 1.3 litres per second.
The crew dug for two hours and hit it at the first attempt. Maeve Tierney wants to show the case to the supervisory board.

| District | Alarms | Leaks found | False alarms |
|---------:|-------:|------------:|-------------:|
| 2        | 1      | 0           | 1            |
| 4        | 2      | 2           | 0            |
| 9        | 1      | 0           | 1            |

The false alarm in district 9 was a night shift at the fish market that we had not been told about.

## 2025-09-29

- Retention of raw readings: the utility wants 24 months, we had planned 36. Agreed on 24 months, since nothing in the model
  looks back further than that.
- Database: we stay with PostgreSQL 16 and partition by month. A special time-series database was rejected, because nobody
  at the utility could run it after the handover.
- The leak in our own server room cost us four days. No project data were lost.

## 2025-09-15

Pilot started in districts 2, 4, 7, 9, 11 and 12. All 38 meters have new batteries. Alarms go to the screen only, not to
telephones, until the end of the first month.

## Open questions

1. Who pays for mobile data of the meters after the handover?
2. May we use the flow data of the pilot in a second paper with Joachim Petersen? The employment contract asks for written
   approval; the utility has to agree as well.
"""

NEWS_ARTICLE = """\
PORT ALDER HERALD
Tuesday, 21 October 2025 - Business, page 7

Local firm teaches computers to hear the drip

By Sinead Corcoran

PORT ALDER - Almost a quarter of the town's drinking water seeps into the ground before anybody can drink it. Alder Water
Utility wants to change that with the help of a company from Harbour Street. Brightwater Analytics Ltd, which employs 31
people, has won a contract worth EUR 366,000 to forecast leaks from the flow of water at night, both sides announced on
Monday.

The system, named Tidewatch, looks at the small hours between two and four o'clock, when most people sleep. If the flow in a
district creeps up night after night, an alarm appears in the control room. In a trial that began in the middle of September
it has already found two leaks, one of them under the car park of the swimming pool.

"We used to find out about a burst pipe when somebody's cellar was full," said Maeve Tierney, head of operations at the
utility. "Now we have days, not hours." The utility wants to bring its losses down from 23 to 17 per cent by the end of 2027.
That would save about as much water as 2,600 households use in a year.

Helena Varga, who founded Brightwater in 2017 with two friends from university, called the order a breakthrough. "It is four
times larger than anything we have done before," she said. The company will hire two analysts.

There is some irony in the story: on 6 September a heating pipe burst above the company's own server room. "No forecast would
have helped us there," Ms Varga said with a laugh. "A plumber would have."

Not everybody is happy. Councillor Declan Moody criticised that the contract had not been advertised across Europe. The
utility replied that its value lies below the threshold of EUR 443,000 that applies to suppliers of water. A spokesman said
that three companies had submitted bids and that Brightwater's was not the cheapest but the only one that needed no new
sensors.

Water prices will not rise because of the project, the utility promised. The next change of the tariff is planned for
1 July 2026.
"""

LEGAL_EMAIL = """\
From: Beatriz Araujo <b.araujo@fenwick-araujo.example>
To: Helena Varga <helena.varga@brightwater.example>
Cc: Priya Raman <priya.raman@brightwater.example>
Date: Wed, 14 May 2025 17:41:00 +0100
Subject: Draft non-disclosure agreement with St. Brendan's Day Clinic
Message-ID: <20250514164100.4471@fenwick-araujo.example>

Dear Helena,

Thank you for sending me the clinic's draft. On the whole it is fair, but I would not sign it as it stands. Three points:

1. Clause 7 provides for a contractual penalty of EUR 50,000 for each breach, whether or not there is any damage. For a company
   of your size that is out of proportion, and your liability insurance does not cover penalties. I recommend striking it and
   leaving ordinary damages. If the clinic insists, offer EUR 5,000 for intentional breaches only.

2. The duty of confidentiality is to last ten years after the end of the talks. Three years are usual for commercial
   information. For patient data I would accept a duty without limit, because the law demands that in any case.

3. The draft allows the clinic to inspect your servers at any time. Please ask for ten working days' notice and for the
   inspection to be done by an independent auditor. Better still, drop the clause: certificates should do.

One more thing that is not in the draft: you should write down that patient data leave the clinic only without names, addresses
and dates of birth. It protects you as much as the clinic.

I have marked the changes in the attached version. If Dr. Nwosu agrees, you can sign before the end of the month.

As to the fee: I expect about four hours at our rate of EUR 260.00 an hour, plus VAT. I will send the fee note after signature.

I am out of the office from 19 to 23 May; my colleague Tobias Fenwick knows the file.

Kind regards,
Beatriz

Beatriz Araujo, Partner
Fenwick & Araujo Solicitors
9 Assembly Square, Port Alder
Telephone +353 99 555 0102
"""
