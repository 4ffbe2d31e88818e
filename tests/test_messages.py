"""Every message has an Indonesian text, and every text belongs to a message."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from indonesian import english_in
from said import STAND_IN, code, errors_said

from sim112 import cli
from sim112.config.composition import choices
from sim112.config.scenario import compose, from_mapping
from sim112.errors import InputError
from sim112.study.replication import Progress
from sim112.views.words import words
from sim112.views.words.messages import Pattern, looked_up, pattern_of, told_in

AROUND_ANOTHER = {"{key}: there is no regency {word}; {mend}"}
"""Said of a cell of the form, with the error about what stands there."""


def untold(message: str) -> list[str]:
    """What of a message is left in English: itself, or what its fields hold."""
    found = looked_up(message, "id")
    if found is None:
        return [message]
    return [left for value in found[1].values() for left in untold(value)]


def texts_for(message: str) -> set[str]:
    """The Indonesian texts that tell a message and what its fields hold."""
    found = looked_up(message, "id")
    return set() if found is None else {found[0]}.union(*map(texts_for, found[1].values()))


def has_words(text: str) -> bool:
    """Whether a text says something: keys, files, commands and what is in quotation marks are names."""
    named = re.sub(rf"'[^']*'|`[^`]*`|\S*[=_/.]\S*|--\w+|{STAND_IN}", " ", text)
    rest = [word for word in named.split() if re.search("[A-Za-z]{2}", word)]
    return bool(rest) and " " in text.strip() and not set(rest) <= {*cli.VERBS, *choices("scenario")}


def test_every_error_has_an_indonesian_text() -> None:
    """Those that the code raises, with all that their fields may say."""
    left = {
        text: (place, parts)
        for text, place in errors_said().items()
        if (parts := [part for part in untold(text) if has_words(part)])
    }
    assert left == {}
    assert len(errors_said()) > 350


def test_the_errors_are_found_in_the_code() -> None:
    """What the code says is followed through arguments, loops and functions that make a part of it."""
    said = errors_said()
    assert f"there is no scenario {STAND_IN}; {STAND_IN}" in said
    assert f"did you mean {STAND_IN}?" in said  # of the function that says what would be right
    assert f"{STAND_IN} row {STAND_IN}: {STAND_IN} is {STAND_IN}; give a number" in said  # an argument
    assert any(text.endswith("a small world is simulated whole; leave it out") for text in said)  # a loop
    assert untold("nobody has told this; mend it") == ["nobody has told this; mend it"]
    left = [part for part in untold("there is no scenario x; mend it so") if has_words(part)]
    assert left == ["mend it so"]


def test_every_translated_message_is_one_that_the_code_says() -> None:
    whole, _, patterns = code()
    said = "\n".join([*whole, *patterns])
    used = set().union(*map(texts_for, errors_said()))
    for english, text in words("id").section("messages").items():
        pattern = pattern_of(english, text)
        wanted = "{}".join(pattern.parts).removeprefix("{}")
        one_word = wanted.replace("`sim112 {}`", "`sim112 ")  # a command of one word or of several
        assert text in used or wanted in said or one_word in said or english in AROUND_ANOTHER, english


def test_of_several_patterns_that_fit_the_one_with_most_words_holds() -> None:
    assert told_in("clock is missing; give it a value", "id") == "clock belum diisi; beri nilai"
    told = told_in("a.yaml: the first line is missing; begin with '# @package _global_'", "id")
    assert told == "a.yaml: baris pertama tidak ada; awali dengan '# @package _global_'"


def test_a_pattern_says_what_its_fields_hold() -> None:
    pattern = Pattern(("", " is ", ""), ("key", "value"), "")
    assert pattern.fields("a is b is c") == {"key": "a", "value": "b is c"}
    assert pattern.fields("a was b") is None


BAD = (
    ["comapre"],
    ["run"],
    ["run", "all35"],
    ["run", "all_35", "--resluts", "x"],
    ["run", "all_35", "--cfg"],
    ["run", "all_35", "--cfg", "jobs"],
    ["run", "all_35", "clock.repot_s=5"],
    ["run", "all_35", "demand=lebran"],
    ["run", "all_35", "replications=0"],
    ["run", "all_35", "replications=many"],
    ["run", "all_35", "replications=1.5"],
    ["run", "all_35", "save_log=perhaps"],
    ["run", "all_35", "clock.report_s=x"],
    ["run", "all_35", "engine=quick"],
    ["run", "all_35", "targets.response_cap_s=-1"],
    ["run", "all_35", "seed=1,2"],
    ["run", "all_35", "area.regencies=[patti]"],
    ["run", "all_35", "area.regencies=pati"],
    ["run", "all_35", "--config-dir", "nowhere"],
    ["run", "pati", "=3"],
    ["run", "pati", "name=../../evil"],
    ["run", "pati", "question=${oc.env:HOME}"],
    ["run", "pati", "demand.call_log=/nowhere.csv"],
    ["run", "pati", "stress=null"],
    ["compare", "all_35"],
    ["compare", "all_35", "all_35"],
    ["compare", "dec_2021", "all_35", "sensitivty=off"],
    ["compare", "dec_2021", "all_35", "clock=day", "demand=merapi"],
    ["sweep", "all_35", "seed=interval(1,2)"],
    ["staff", "atlantis"],
    ["staff"],
    ["reproduce", "nowhere"],
    ["run", "pati", "clock.start=yesterday"],
    ["run", "pati", "deployment.add=[pati]", "deployment.remove=[pati]"],
    ["run", "pati", "area.periods.peak.hours=[25]"],
    ["report", "nowhere"],
    ["replay", "no/where"],
    ["replay", "pati", "--day", "x"],
    ["reproduce", "nowhere", "--workers", "0"],
    ["workshop", "--port", "99999999"],
    ["template", "atlantis"],
    ["template"],
)


@pytest.mark.parametrize("given", BAD, ids=lambda given: " ".join(given))
def test_frequent_mistakes_are_told_in_indonesian_in_one_line(
    given: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(given) == 2
    english = capsys.readouterr().err
    assert cli.main([*given, "lang=id"]) == 2
    said = capsys.readouterr().err
    assert said != english and said.startswith("sim112: ") and said.count("\n") == 1
    assert [word for word in english_in(said) if word not in " ".join(given)] == []


def test_a_row_of_a_table_is_told_in_indonesian() -> None:
    told = told_in("zones.csv row 3: population is 'x'; give a number", "id")
    assert told == "zones.csv baris 3: population berisi 'x'; isikan angka"
    told = told_in("units.csv row 1: no column 'agency'; did you mean 'agencies'?", "id")
    assert told == "units.csv baris 1: tidak ada kolom 'agency'; maksudnya 'agencies'?"


def test_a_message_without_words_stays_as_it_is_and_english_is_never_changed() -> None:
    odd = "a message that nobody has translated; mend it"
    assert told_in(odd, "id") == odd
    with pytest.raises(InputError) as caught:
        from_mapping(compose().model_dump(mode="json") | {"replications": 0})
    assert told_in(str(caught.value), "en") == str(caught.value)


def test_a_reason_of_the_system_and_what_was_made_again_are_told_in_indonesian() -> None:
    told = told_in("results: cannot write in x (No space left on device); give another folder", "id")
    assert told == "hasil: tidak dapat menulis di x (ruang penyimpanan penuh); beri folder lain"
    told = told_in("  summary.csv  identical      2,205 rows  5a7a", "id")
    assert told == "  summary.csv  identik      2.205 baris  5a7a"
    told = told_in("  summary.csv: column value, row 4 (measure a): 1.5 then, 2.5 now", "id")
    assert told == "  summary.csv: kolom value, baris 4 (measure a): dahulu 1.5, sekarang 2.5"
    told = told_in("a.dist is 'x'; it should be 'mon', 'tue' or 'sun'", "id")
    assert told == "a.dist adalah 'x'; seharusnya 'mon', 'tue' atau 'sun'"  # what is typed is not told


def test_what_a_message_is_about_is_not_translated() -> None:
    """A value that looks like a field, or like a pattern, stays as it was given."""
    assert told_in("there is no scenario '{0.__class__}'; did you mean pati?", "id") == (
        "tidak ada skenario '{0.__class__}'; maksudnya pati?"
    )


def test_progress_is_told_in_indonesian() -> None:
    progress = Progress(9, "assumptions: ", "id", started_s=0.0, done=3)
    assert progress.line(65.0) == "asumsi: 3 dari 9 simulasi selesai, berjalan 1:05, sisa sekitar 2:10"
