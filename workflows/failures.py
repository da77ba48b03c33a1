"""Ask why an activity failed."""

from dataclasses import dataclass

from temporalio.exceptions import ActivityError, ApplicationError, FailureError


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What an operator is told of a failed step."""

    cause: str
    sentence: str
    mend: str
    final: bool  # repeating cannot help before something else changes
    cut_off: bool = False  # its last attempt was still running


def failure_of(error: ActivityError) -> Failure:
    """Return the failure behind `error`.

    A deliberate error carries its cause and mend (see `activities.interceptor`). Anything else is
    a bug or a time-out; both are tried again, because a deploy or the passing of time can help.
    """
    reason = _application_error(error)
    if reason is None:
        return Failure(
            cause="NO_ANSWER",
            sentence=f"{error.activity_type} did not finish in time",
            mend="see whether a worker is running; the step is tried again by itself",
            final=False,
            cut_off=True,
        )
    cause, mend = (*(str(detail) for detail in reason.details), "", "")[:2]
    return Failure(
        cause=cause or "UNEXPECTED_ERROR",
        sentence=reason.message if cause else f"{reason.type}: {reason.message}",
        mend=mend or "the step is tried again by itself",
        final=reason.non_retryable,
    )


def _application_error(error: BaseException | None) -> ApplicationError | None:
    while isinstance(error, FailureError):
        if isinstance(error, ApplicationError):
            return error
        error = error.cause
    return None
