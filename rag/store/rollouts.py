"""Rollouts of answering models, durable: what is under way, what was promoted, and what was counted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rag.errors import Conflict, NotFound
from rag.rollouts.judge import Arm, Count, Guard, Mode, Rollout, Status, judge
from rag.store.database import Database
from rag.store.records import now, upsert
from rag.store.rollout_tables import model_rollout_counts as counts
from rag.store.rollout_tables import model_rollouts as rollouts

RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted in a rollout, over all its steps."""

    stable: Count = Count()
    candidate: Count = Count()
    agreement: Count = Count()
    in_step: dict[int, int] = field(default_factory=dict)
    """Questions of the candidate by step."""


class RolloutStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self, candidate: str, *, stable: str, mode: Mode, guard: Guard) -> Rollout:
        """Raises Conflict while another one runs."""
        instant = now()
        row = {
            "id": uuid4().hex,
            "slot": RUNNING,
            "candidate": candidate,
            "stable": stable,
            "mode": mode.value,
            "status": Status.RUNNING.value,
            "step": 0,
            "guard": asdict(guard),
            "created_at": instant,
            "step_at": instant,
            "reason": "",
        }
        async with self._database.write() as connection:
            made = await connection.execute(
                upsert(connection, rollouts).values(row).on_conflict_do_nothing(index_elements=["slot"])
            )
            if not made.rowcount:
                raise Conflict("A rollout is under way.", "Stop it first: redwell rollout stop.")
            return await _get(connection, str(row["id"]))

    async def get(self, id: str) -> Rollout:
        """Raises NotFound."""
        async with self._database.read() as connection:
            return await _get(connection, id)

    async def newest(self, limit: int = 20) -> list[Rollout]:
        query = select(rollouts).order_by(rollouts.c.created_at.desc(), rollouts.c.id).limit(limit)
        async with self._database.read() as connection:
            return [_rollout(row) for row in await connection.execute(query)]

    async def standing(self) -> Rollout | None:
        """The one that runs, or else the last one that was promoted and not stopped since."""
        query = (
            select(rollouts)
            .where(rollouts.c.status.in_([Status.RUNNING.value, Status.PROMOTED.value]))
            .order_by(rollouts.c.slot.is_(None), rollouts.c.created_at.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return _rollout(row) if row else None

    async def seen(self, candidate: str) -> bool:
        """Whether there ever was a rollout of this model."""
        async with self._database.read() as connection:
            query = select(func.count()).select_from(rollouts).where(rollouts.c.candidate == candidate)
            return bool(await connection.scalar(query))

    async def stop(self, id: str, reason: str) -> Rollout:
        """Also of one that was promoted, which takes it back. Raises NotFound; Conflict where it is stopped already."""
        async with self._database.write() as connection:
            rollout = await _get(connection, id)
            if rollout.status is Status.STOPPED:
                raise Conflict("This rollout is stopped already.", "Start another one: redwell rollout start.")
            await _end(connection, rollout, Status.STOPPED, reason)
            return await _get(connection, id)

    async def tally(self, id: str) -> Tally:
        async with self._database.read() as connection:
            return await _tally(connection, id)

    async def count(self, rollout: Rollout, arm: Arm, bucket: int) -> Rollout:
        """Count one answer and do what follows of it, in one transaction; the rollout as it is then."""
        row = {"rollout_id": rollout.id, "step": rollout.step, "arm": arm.value, "bucket": bucket, "requests": 1}
        async with self._database.write() as connection:
            await connection.execute(
                upsert(connection, counts)
                .values(row)
                .on_conflict_do_update(
                    index_elements=["rollout_id", "step", "arm", "bucket"], set_={"requests": counts.c.requests + 1}
                )
            )
            current = await _get(connection, rollout.id)
            tally = await _tally(connection, rollout.id)
            in_step = tally.in_step.get(current.step, 0)
            instant = now()
            verdict = judge(current, tally.stable, tally.candidate, in_step=in_step, now=instant)
            if verdict is None:
                return current
            if verdict.status is not Status.RUNNING:
                await _end(connection, current, verdict.status, verdict.reason)
            else:
                # Another replica may have seen the same: only the first of them takes the step.
                same = (rollouts.c.id == current.id, rollouts.c.step == current.step, rollouts.c.slot == RUNNING)
                await connection.execute(update(rollouts).where(*same).values(step=verdict.step, step_at=instant))
            return await _get(connection, rollout.id)


async def _get(connection: AsyncConnection, id: str) -> Rollout:
    row = (await connection.execute(select(rollouts).where(rollouts.c.id == id))).first()
    if row is None:
        raise NotFound("There is no rollout with that id.", "GET /v1/rollouts lists them.")
    return _rollout(row)


async def _end(connection: AsyncConnection, rollout: Rollout, status: Status, reason: str) -> None:
    same = (rollouts.c.id == rollout.id, rollouts.c.status == rollout.status.value)
    ended = {"slot": None, "status": status.value, "reason": reason, "ended_at": now()}
    await connection.execute(update(rollouts).where(*same).values(ended))


async def _tally(connection: AsyncConnection, id: str) -> Tally:
    arms: defaultdict[Arm, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    in_step: defaultdict[int, int] = defaultdict(int)
    for row in await connection.execute(select(counts).where(counts.c.rollout_id == id)):
        arms[Arm(row.arm)][row.bucket] += row.requests
        if row.arm == Arm.CANDIDATE.value:
            in_step[row.step] += row.requests
    stable, candidate, agreement = (Count(dict(arms[arm])) for arm in (Arm.STABLE, Arm.CANDIDATE, Arm.AGREEMENT))
    return Tally(stable, candidate, agreement, dict(in_step))


def _rollout(row: Row[Any]) -> Rollout:
    guard = Guard(**{**row.guard, "steps": tuple(row.guard["steps"])})
    return Rollout(
        row.id,
        row.candidate,
        row.stable,
        Mode(row.mode),
        Status(row.status),
        row.step,
        guard,
        row.created_at,
        row.step_at,
        row.ended_at,
        row.reason,
    )
