from __future__ import annotations

from brt_watch.transform.dictionary import dictionary, dictionary_path


def test_the_page_of_the_models_says_what_dbt_says() -> None:
    assert dictionary_path().read_text(encoding="utf-8") == dictionary(), (
        "run `brt-watch docs`, and commit docs/reference/models.md"
    )
