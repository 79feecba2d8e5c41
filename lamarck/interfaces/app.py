"""The table of commands."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lamarck.interfaces.commands import (
    adding,
    bench,
    calling,
    checking,
    configuration,
    demo,
    finding,
    fix,
    history,
    lessons,
    machine,
    models,
    moving,
    ranking,
    replies,
    reviewing,
    rules,
    sharing,
    shelving,
    solving,
    templating,
)

SECTIONS = {
    "Get code": ("solve", "add", "fix", "check", "resume", "review"),
    "Look": ("find", "show", "call", "verify", "rank", "log", "stats"),
    "Keep": ("history", "where", "refute", "retire", "gc", "export", "import", "harvest", "library"),
    "Set up": ("demo", "templates", "lessons", "models", "config", "doctor", "sandbox"),
    "Measure": ("bench", "replies", "rules"),
}

EPILOG = """\
Exit codes: 0 accepted, 1 rejected, 2 bad input, 3 pending, 4 limit spent, 5 environment, 130 interrupted.
"""


class Sections(TyperGroup):
    """Lists the commands under the headings of `SECTIONS`, in that order."""

    def list_commands(self, ctx: Any) -> list[str]:
        known = super().list_commands(ctx)
        listed = [name for names in SECTIONS.values() for name in names if name in known]
        return listed + [name for name in known if name not in listed]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for heading, names in SECTIONS.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            rows = [(name, command.get_short_help_str(200)) for name, command in commands if command is not None]
            with formatter.section(heading):
                formatter.write_dl(rows)


app = typer.Typer(
    cls=Sections,
    name="lamarck",
    help="Code that is written once, proven, and inherited.",
    epilog=EPILOG,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        from lamarck import __version__

        typer.echo(f"lamarck {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="The version.")] = False,
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where an error came from.")] = False,
) -> None:
    """Code that is written once, proven, and inherited."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help(), err=True)
        raise typer.Exit(2)


def _group(name: str, description: str) -> typer.Typer:
    group = typer.Typer(name=name, help=description, rich_markup_mode=None, no_args_is_help=False)
    app.add_typer(group)
    return group


app.command("solve")(solving.solve)
app.command("add")(adding.add)
app.command("fix")(fix.fix)
app.command("check", cls=checking.Command)(checking.check)
app.command("resume")(solving.resume)
app.command("find")(finding.find)
app.command("show")(finding.show)
app.command("call")(calling.call)
app.command("verify")(finding.verify)
app.command("rank")(ranking.rank)
app.command("log")(history.log)
app.command("stats")(history.stats)
app.command("history")(shelving.history)
app.command("where")(shelving.where)
app.command("retire")(shelving.retire)
app.command("gc")(shelving.gc)
app.command("refute")(sharing.refute)
app.command("export")(sharing.export)
app.command("harvest")(sharing.harvest)
app.command("import")(sharing.import_bundle)
app.command("demo")(demo.demo)
app.command("doctor")(machine.doctor)
app.command("bench")(bench.bench)

_review = _group("review", "Decide on code that ended pending, and on what candidates differ in.")
_review.command("list")(reviewing.list_pending)
_review.command("show")(reviewing.show)
_review.command("approve")(reviewing.approve)
_review.command("reject")(reviewing.reject)
_review.command("answer")(reviewing.answer)
_review.command("compare")(reviewing.compare)

_rules = _group("rules", "Rules that approve or reject without a model, and how precise they are.")
_rules.command("list")(rules.list_rules)
_rules.command("calibrate")(rules.calibrate)
_rules.command("record")(rules.record)

_templates = _group("templates", "Programs for routine requests, tried before any model.")
_templates.command("list")(templating.list_templates)
_templates.command("show")(templating.show)
_templates.command("test")(templating.test)
_templates.command("add")(templating.add)

_lessons = _group("lessons", "What repairs that worked have taught: rules that order the search.")
_lessons.command("list")(lessons.list_lessons)
_lessons.command("show")(lessons.show)
_lessons.command("drop")(lessons.drop)
_lessons.command("export")(lessons.export)
_lessons.command("import")(lessons.import_lessons)

_library = _group("library", "The library in another place: a file or a Postgres server.")
_library.command("move")(moving.move)
_library.command("reader")(moving.reader)

_models = _group("models", "The weights of embedded models.")
_models.command("list")(models.list_models)
_models.command("pull")(models.pull)
_models.command("check")(models.check)

_replies = _group("replies", "What models answered, as lines to keep and to replay.")
_replies.command("export")(replies.export)
_replies.command("import")(replies.take)

_config = _group("config", "What Lamarck is set to, and why.")
_config.command("show")(configuration.show)
_config.command("schema")(configuration.schema)
_config.command("validate")(configuration.validate)

_sandbox = _group("sandbox", "The isolation that untrusted code runs in.")
_sandbox.command("check")(machine.check_sandbox)
_sandbox.command("image")(machine.make_image)
