from __future__ import annotations

import pytest

from aftercare_sdk.errors import SettingsError
from aftercare_sdk.outreach.catalog import builtin_templates, load_folder, override
from tests.unit.outreach.samples import template


def write(folder, **files):
    """Write files; `ja__hi_txt_liquid` stands for `ja/hi.txt.liquid`."""
    for path, content in files.items():
        file = folder / path.replace("__", "/").replace("_", ".").replace("thank.you", "thank-you")
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_bytes(content)


BUILTIN = [
    (name, locale) for name in ("confirm-consent", "how-to-use", "thank-you") for locale in ("en", "ja")
]


def test_the_package_brings_its_templates_in_two_languages():
    """What a shop gets without writing anything."""
    assert BUILTIN == [(it.name, it.locale) for it in builtin_templates()]


def test_a_folder_is_read_as_the_package_is(tmp_path):
    """Three files make a template; an editor's byte order mark and hidden files do no harm."""
    write(tmp_path, ja__hi_subject_liquid=b"\xef\xbb\xbfS", ja__hi_txt_liquid=b"T", ja__hi_html_liquid=b"H")
    write(tmp_path, _DS_Store=b"", ja___hi_swp=b"")
    assert (template(name="hi", locale="ja", subject="S", text="T", html="H"),) == load_folder(tmp_path)


def test_a_shops_own_template_takes_the_place_of_its_namesake(tmp_path):
    """In that language only; the others stay, and new ones join."""
    write(
        tmp_path,
        ja__thank_you_subject_liquid=b"S",
        ja__thank_you_txt_liquid=b"T",
        ja__thank_you_html_liquid=b"H",
    )
    builtin = {(it.name, it.locale): it for it in builtin_templates()}
    merged = override(builtin, (*load_folder(tmp_path), template(name="hello")))
    assert [*BUILTIN, ("hello", "en")] == list(merged)
    assert "S" == merged["thank-you", "ja"].subject
    assert builtin["thank-you", "en"] == merged["thank-you", "en"]


def test_everything_wrong_with_a_folder_is_told_at_once(tmp_path):
    """Each problem with its path and what to do."""
    write(
        tmp_path,
        stray_txt=b"",
        ja_JP__x=b"",
        klingon__x=b"",
        en__readme_md=b"",
        en__hi_subject_liquid=b"S",
        en__ho_txt_liquid=b"\xff\xfe",
        en___txt_liquid=b"",
    )
    (tmp_path / "ja.JP").rename(tmp_path / "ja_JP")
    with pytest.raises(SettingsError) as error:
        load_folder(tmp_path)
    assert (
        "en/ho.txt.liquid: not UTF-8; save the file in that encoding (REND-07)",
        "en/readme.md: the name must end in one of .subject.liquid, .txt.liquid, .html.liquid",
        "ja_JP: not the name of a locale; rename the folder, to ja-JP for instance",
        "klingon: not the name of a locale; rename the folder, to ja, en or pt-BR for instance",
        "stray.txt: templates belong into a folder named for their locale, such as ja",
        "en/hi.txt.liquid: missing; a template has a subject, a text and an HTML part (REND-10)",
        "en/hi.html.liquid: missing; a template has a subject, a text and an HTML part (REND-10)",
    ) == error.value.problems


def test_a_folder_that_is_not_there_is_said_so(tmp_path):
    """A mistyped path is a mistake, not an empty folder."""
    with pytest.raises(SettingsError, match="there is no such folder"):
        load_folder(tmp_path / "nowhere")


def test_an_unreadable_file_is_said_so(tmp_path):
    """A folder where a file should be is named, with the system's reason."""
    (tmp_path / "ja" / "hi.txt.liquid").mkdir(parents=True)
    with pytest.raises(SettingsError, match=r"ja/hi.txt.liquid: cannot be read"):
        load_folder(tmp_path)
