"""`lamarck rules`: what confident rules there are, how precise they are, and the data that this is measured on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lamarck.interfaces import options
from lamarck.interfaces.terminal import Terminal

if TYPE_CHECKING:
    from lamarck.checks.confident.calibration import Calibrated


def list_rules(ctx: typer.Context, json: options.Json = False) -> None:
    """The rules, what they say, and how often they were right."""
    from lamarck.checks.confident.confident import measured_precision
    from lamarck.checks.confident.rules import RULES, THRESHOLD, Precision

    terminal: Terminal = ctx.obj
    measured, whose = measured_precision()
    rows = [(rule, measured.get(rule.name, Precision())) for rule in RULES]
    if terminal.json:
        terminal.document(
            {
                "calibration": whose,
                "threshold": THRESHOLD,
                "rules": [
                    {"name": r.name, "says": r.says, "statement": r.statement, "fired": p.fired, "right": p.right,
                     "low": p.low, "decides": p.low >= THRESHOLD}
                    for r, p in rows
                ],
            }
        )  # fmt: skip
        return
    lines = [f"{'rule':<26}{'says':<9}{'right':>11}  {'at least':>8}  decides"]
    for rule, precision in rows:
        share = f"{precision.right}/{precision.fired}"
        decides = "yes" if precision.low >= THRESHOLD else "no"
        lines.append(f"{rule.name:<26}{rule.says:<9}{share:>11}  {precision.low:>8.2f}  {decides:<7}  {rule.statement}")
    terminal.text("\n".join([*lines, f"figures: {whose}; a rule decides from {THRESHOLD:.2f} on"]))


def calibrate(
    ctx: typer.Context,
    data: Annotated[list[Path], typer.Argument(metavar="DATA...", help="Files of labelled candidates.")],
    keep: Annotated[bool, typer.Option("--keep", help="Use these figures from now on.")] = False,
    unbalanced: Annotated[
        bool, typer.Option("--unbalanced", help="Count more wrong ones than right ones, too.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Count how often each rule is right on labelled candidates, and what they decide on uncounted ones."""
    from lamarck.checks.confident.calibration import balanced, read_labelled
    from lamarck.checks.confident.calibration import calibrate as counted
    from lamarck.errors import BadInput

    terminal: Terminal = ctx.obj
    candidates = tuple(each for path in data for each in read_labelled(path))
    chosen = candidates if unbalanced else balanced(candidates)
    if not chosen:
        raise BadInput(
            "the data holds no right or no wrong candidates", "label more with `lamarck rules record`, or --unbalanced"
        )
    found = counted(chosen)
    if keep:
        _keep(found)
    if terminal.json:
        terminal.document(_document(found))
    else:
        terminal.text(_told(found))


def record(
    ctx: typer.Context,
    bank: Annotated[Path, typer.Argument(metavar="BANK", help="Replies that a benchmark recorded.")],
    suite: Annotated[str, typer.Option("--suite", metavar="NAME", help="The suite that was asked about.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the labelled candidates go.")],
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FILE", help="The suite's rows.", show_default=False)
    ] = None,
) -> None:
    """Label the candidates in recorded replies by hidden tests, which run in the sandbox."""
    from lamarck.benchmarks.labelling import label
    from lamarck.errors import DiskFull
    from lamarck.settings import load_settings

    terminal: Terminal = ctx.obj
    count = right = 0
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            for each in label(bank, suite, data, load_settings()[0], say=terminal.note):
                file.write(each.to_json() + "\n")
                count += 1
                right += each.right
        part.replace(out)
    except OSError as error:
        raise DiskFull(f"{out}: cannot be written: {error.strerror}", "choose another place") from error
    finally:
        part.unlink(missing_ok=True)
    terminal.text(f"{count} candidates, {right} right, in {out}")


def _document(found: Calibrated) -> object:
    import msgspec

    rules = {name: {"low": p.low} for name, p in found.precision.items()}
    return {**msgspec.to_builtins(found), "low": found.low, "passing_low": found.passing_low, "rules": rules}


def _keep(found: Calibrated) -> None:
    import msgspec

    from lamarck.checks.confident.confident import precision_path

    path = precision_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(msgspec.json.encode(found.precision, order="sorted"))
    part.replace(path)


def _told(found: Calibrated) -> str:
    from lamarck.checks.confident.rules import RULES

    lines = [
        f"{found.candidates} labelled candidates of {found.problems} problems, {found.right} of them right",
        f"decided {found.decided} ({_share(found.decided, found.candidates)}), right {found.decided_right} "
        f"({_share(found.decided_right, found.decided)}, at least {found.low:.1%}), "
        "each judged by what was counted on the other half of the problems",
        f"approved {found.approved}, right {found.approved_right} ({_share(found.approved_right, found.approved)})",
        f"where the given tests pass: {found.passing}, of which {_share(found.passing_right, found.passing)} are right "
        f"without any rule; decided {found.passing_decided}, right {found.passing_decided_right} "
        f"({_share(found.passing_decided_right, found.passing_decided)}, at least {found.passing_low:.1%})",
        "",
        f"{'rule':<26}{'says':<9}{'right':>11}  {'at least':>8}",
    ]
    for rule in RULES:
        precision = found.precision[rule.name]
        if precision.fired:
            lines.append(
                f"{rule.name:<26}{rule.says:<9}{f'{precision.right}/{precision.fired}':>11}  {precision.low:>8.2f}"
            )
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"
