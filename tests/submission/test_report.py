"""Text of a pack has no effect in the reports."""

import shutil
from html.parser import HTMLParser
from pathlib import Path

from support.packs import Machine, add_source, derive_again, edit_record, make_pack, write_manifest

from benchmark.records.store import Store
from benchmark.submission.report import to_html, to_markdown
from benchmark.submission.verify import verify_submission


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names += [tag, *(name for name, _ in attrs)]


EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](http://e.x) @all | `a`"
EVIL += " www.e.x me@example.org other/repo#1 ![x](https://e.x/x.png)"


def test_texts_of_a_card_do_nothing_in_a_report(machine_copy: Machine, tmp_path: Path) -> None:
    plain = make_pack(machine_copy, tmp_path / "plain")
    add_source(machine_copy, "evil", f'"{EVIL}"')
    shutil.rmtree(machine_copy.root / "run")
    machine_copy.run("run", "evil")
    path = make_pack(machine_copy, tmp_path / "p", "evil")
    for name in Store(path).files():
        edit_record(path, name, {"environment.device": EVIL, "started": EVIL})
    derive_again(path, segtransfer="<b>1</b>\x1b[2J")
    pages = []
    for one in (plain, path):
        with verify_submission(one, machine_copy.workspace, machine_copy.accepted) as verdict:
            assert not verdict.refused, verdict.checklist
            tags, page = Tags(), to_html(verdict)
            tags.feed(page)
            pages.append(set(tags.names))
            text = to_markdown(verdict)
            for written in (page, text):
                assert "\x1b" not in written and "<script" not in written.lower()
    assert pages[0] == pages[1] and "onerror" not in pages[1]


def test_what_a_refusal_repeats_does_nothing(machine: Machine, pack: Path) -> None:
    write_manifest(pack, board=EVIL + "\x1b[2J")
    with verify_submission(pack, machine.workspace, machine.accepted) as verdict:
        assert verdict.refused
        page, text = to_html(verdict), to_markdown(verdict)
    assert "<script>alert" not in page and "<img" not in page
    assert "\x1b" not in page + text
    for active in ("<script", "<img", "](", "://", "www.", "@all", "me@example.org", "repo#1"):
        assert active not in text
