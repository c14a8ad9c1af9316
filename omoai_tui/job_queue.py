"""The recordings of this sitting, in order, and which one is worked on. Pure; knows no threads."""

from __future__ import annotations

from omoai_tui.jobs import Job, JobStatus


class JobQueue:
    """Holds the jobs; at most one is active."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self._numbers = 0

    def add(self, path: str) -> Job:
        """Queue a recording."""
        self._numbers += 1
        job = Job(self._numbers, path)
        self.jobs.append(job)
        return job

    def move(self, job: Job, step: int) -> bool:
        """Let a waiting job change places with the waiting one before (-1) or after (1) it."""
        waiting = self.waiting
        if job not in waiting or not 0 <= (to := waiting.index(job) + step) < len(waiting):
            return False
        here, there = self.jobs.index(job), self.jobs.index(waiting[to])
        self.jobs[here], self.jobs[there] = self.jobs[there], self.jobs[here]
        return True

    def again(self, job: Job) -> Job:
        """Replace a job that is over by a fresh one for the same recording."""
        self._numbers += 1
        fresh = Job(self._numbers, job.path)
        self.jobs[self.jobs.index(job)] = fresh
        return fresh

    def by_number(self, number: int) -> Job | None:
        """Return the job of this number, if it is still known."""
        return next((job for job in self.jobs if job.number == number), None)

    @property
    def active(self) -> Job | None:
        """The job that the engine holds."""
        return next((job for job in self.jobs if job.status.active), None)

    @property
    def waiting(self) -> list[Job]:
        """The jobs whose turn has not come."""
        return [job for job in self.jobs if job.status is JobStatus.WAITING]

    @property
    def unsaved(self) -> list[Job]:
        """Jobs whose text is neither in the library nor exported nor copied."""
        return [job for job in self.jobs if job.status.over and job.segments and not job.saved]
