"""The command that follows a folder."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

from rare_event.cli.scoring import mapping_of, trained_of
from rare_event.errors import ConfigError, RunError

if TYPE_CHECKING:
    from rare_event.experiment.trained import Trained
    from rare_event.jobs.follow import Step

SHORTEST = 0.01


def follow_command(options: argparse.Namespace) -> int:
    """Score files as they come into a folder."""
    from rare_event.jobs.follow import Follower, follow
    from rare_event.jobs.webhook import Webhook, check_url
    from rare_event.store.claim import claimed

    if not options.interval >= SHORTEST:
        raise ConfigError(f"--interval is {options.interval:g}. Choose at least {SHORTEST} seconds.")
    if options.webhook is not None:
        check_url(options.webhook)
    mapping, trained = mapping_of(options.map), trained_of(options.model)
    # What holds for every file is said once; files.jsonl has it for each.
    warned: set[str] = set()

    def tell(step: Step) -> None:
        if step.set_aside:
            _warn(step.in_words)
            return
        for about, finding in step.findings.items():
            if about not in warned:
                _warn(f"{step.file}: {finding}")
                warned.add(about)
        records = [json.dumps(record, ensure_ascii=False) for record in step.alarms]
        sys.stdout.write("".join(f"{line}\n" for line in ([] if options.json else [step.in_words]) + records))
        sys.stdout.flush()

    with claimed(options.out) as claim:
        follower = Follower(
            trained,
            options.watch,
            options.out,
            mapping,
            whole=options.whole,
            shelve_until=options.shelve_until,
        )
        webhook = None if options.webhook is None else Webhook(options.out, options.webhook, _warn)
        _let_the_workspace_know(trained, options)

        def pause() -> bool:
            time.sleep(options.interval)
            claim.require()
            return False

        try:
            offer = (lambda _: None) if webhook is None else webhook.offer
            follow(follower, pause, tell, offer, _warn, options.once)
            if (said := follower.state.position.suppressed) and not options.json:
                sys.stdout.write(f"{said}\n")
            if webhook is not None and not webhook.settle():
                _warn("Not all alarms were delivered. They are kept for the next start.")
        finally:
            if webhook is not None:
                webhook.stop()
    return 0


def _let_the_workspace_know(trained: Trained, options: argparse.Namespace) -> None:
    """Leave a note for the Score page, without which the follower works too."""
    from rare_event.store.followers import note_follower

    try:
        note_follower(trained, options.watch, options.out, options.webhook is not None)
    except (RunError, OSError) as error:
        _warn(f"The app will not show this follower. {error}")


def _warn(sentence: str) -> None:
    sys.stderr.write(f"rare_event: {sentence}\n")
    sys.stderr.flush()
