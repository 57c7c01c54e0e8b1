"""The Train page's choice of data, driven as a script: chosen, refused, kept and deleted."""

import shutil

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.widgets.train.data.summary import _table, share_chart
from seg.census import take_census
from seg.dataset import read_folder, split
from seg.groups import TO_NUMBER
from seg.settings import SAMPLES, settings
from seg.train.config import TrainConfig
from tests.images import png

MS = str(SAMPLES / "training" / "ms-lesion")


def page():
    import streamlit as st

    from pages.widgets.train.data import choose_data

    st.session_state.chosen = choose_data()


@pytest.fixture
def data(tmp_path, monkeypatch):
    """The page, with a home and a root of its own."""
    monkeypatch.setenv("SEG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SEG_DATA_ROOTS", str(tmp_path))
    settings.cache_clear()
    app = AppTest.from_function(page, default_timeout=30)
    yield app.run()
    settings.cache_clear()


def chosen(app):
    assert not app.exception
    return app.session_state.chosen


def counts(app):
    return [part.images for part in chosen(app).census.parts.values()]


def texts(app, kind):
    return " ".join(element.value for element in app.get(kind)).replace("\\", "")


@pytest.fixture
def folder(tmp_path):
    """Eight images of four patients."""
    target = tmp_path / "study"
    for kind in ("images", "masks"):
        (target / kind).mkdir(parents=True)
    for patient in range(4):
        for number in range(2):
            name = f"p{patient}_{number}.png"
            pixels = np.full((20, 30), 10 * patient + number, np.uint8)
            (target / "images" / name).write_bytes(png(pixels))
            (target / "masks" / name).write_bytes(png(np.eye(20, 30, dtype=np.uint8) * 255))
    return target


def open_folder(app, path):
    app.segmented_control(key="start source").set_value("folder").run()
    return app.text_input(key="start folder").set_value(str(path)).run()


def test_a_sample_is_chosen_and_fits_a_configuration(data):
    assert chosen(data).title == "Cell nuclei, microscopy"
    assert counts(data) == [5, 5, 2]
    data.selectbox(key="start sample").set_value("ms-lesion").run()
    found = chosen(data)
    assert (found.id, found.class_names, counts(data)) == (MS, ("lesion",), [40, 10, 48])
    assert found.preprocessing.normalisation == "zscore_nonzero"
    assert dict(found.suggested) | {"epochs": 0} == {
        "crop": 96, "batch": 8, "repeats": 1, "epochs": 0, "size": "small",
    }  # fmt: skip
    config = TrainConfig.model_validate(found.values | {"architecture": {}})
    parts = split(read_folder(config.data, config.group), config.validation, config.test, seed=7)
    assert parts == found.parts
    assert "21 of 98 masks are empty" in texts(data, "caption")
    assert "0.65 % of the pixels are lesion" in texts(data, "caption")


def test_groups_are_chosen_by_name(data):
    data.selectbox(key="start sample").set_value("lung-tumour").run()
    assert counts(data) == [80, 20, 30]
    data.segmented_control(key=f"start way of {SAMPLES}/training/lung-tumour").set_value("named")
    data.run()
    assert counts(data) == [80, 20, 30]  # it begins with what was drawn
    validation, test = data.multiselect
    assert (validation.value, test.value) == (["p02", "p03"], ["p00", "p06", "p12"])
    validation.set_value(["p01"]).run()
    assert counts(data) == [90, 10, 30]
    data.multiselect[0].set_value(["p01", "p00"]).run()
    assert data.multiselect[1].value == ["p06", "p12"]  # a group is on one side only
    assert (counts(data), chosen(data).validation) == ([90, 20, 20], "p00|p01")
    data.multiselect[0].set_value([]).run()
    assert chosen(data) is None
    assert "leaves 11 groups for training and 0 for validation" in texts(data, "error")


def test_names_of_another_grouping_are_forgotten(data, folder):
    open_folder(data, folder)
    data.segmented_control(key=f"start way of {folder}").set_value("named").run()
    data.multiselect[0].set_value(["p0"]).run()
    assert chosen(data).validation == "p0"
    data.selectbox(key=f"start groups of {folder}").set_value("(?s)^.+$").run()
    assert counts(data) == [5, 1, 2]
    assert set(data.multiselect[0].value) <= set(data.multiselect[0].options)


def test_too_many_names_are_told(data, folder):
    for number in range(30):
        for kind in ("images", "masks"):
            shutil.copy(folder / kind / "p0_0.png", folder / kind / f"{number}{'x' * 30}.png")
    open_folder(data, folder)
    data.selectbox(key=f"start groups of {folder}").set_value("(?s)^.+$").run()
    data.segmented_control(key=f"start way of {folder}").set_value("named").run()
    data.multiselect[0].set_value(data.multiselect[0].options[:20]).run()
    assert chosen(data) is None
    assert "Too many groups are chosen by name. Expected names of at most 500" in texts(
        data, "error"
    )


def test_another_lot(data, monkeypatch):
    data.selectbox(key="start sample").set_value("lung-tumour").run()
    monkeypatch.setattr("random.randrange", lambda low, high: 41)
    data.button(key="draw again").click().run()
    found = chosen(data)
    assert (found.validation, found.test) == ("drawn by seed 42", "drawn by seed 41")
    assert found.parts == split(read_folder(found.folder), seed=41)


def test_a_folder_of_this_server(data, folder):
    open_folder(data, folder)
    found = chosen(data)
    assert (found.folder, found.title, counts(data)) == (folder, "study", [4, 2, 2])
    assert found.group == "^[^_\\-. ]+"
    assert found.parts == split(read_folder(folder, found.group), found.validation, found.test)
    data.selectbox(key=f"start groups of {folder}").set_value("first").run()
    data.number_input(key=f"start first of {folder}").set_value(4).run()
    assert (chosen(data).group, counts(data)) == ("(?s)^.{1,4}", [5, 1, 2])
    assert "Each image is its own group" in texts(data, "caption")
    (folder / "groups.csv").write_text("case,group\n" + "".join(
        f"p{p}_{n},{'ab'[n]}\n" for p in range(4) for n in range(2)
    ))  # fmt: skip
    data.run()
    data.selectbox(key=f"start groups of {folder}").set_value("table").run()
    assert (chosen(data).group, counts(data)) == (None, [4, 4, 0])  # two groups: no test


def test_what_changes_on_the_disk_is_read_again(data, folder):
    open_folder(data, folder)
    assert chosen(data).census.empty == 0
    (folder / "masks" / "p0_0.png").write_bytes(png(np.zeros((20, 30), np.uint8)))
    assert "1 of 8 masks are empty" in texts(data.run(), "caption")


def test_a_folder_elsewhere_is_refused(data):
    for path in ("/etc", "/nowhere"):
        open_folder(data, path)
        assert chosen(data) is None
        assert f"This server may not read the folder {path}" in texts(data, "error")


def test_images_that_cannot_be_used_are_named(data, folder):
    (folder / "images" / "p1_0.png").write_bytes(b"no picture")
    open_folder(data, folder)
    assert chosen(data) is None
    assert "1 of 8 images cannot be used, and a training would stop" in texts(data, "error")
    assert "The file p1_0.png is not an image" in texts(data, "caption")


def test_a_link_that_leads_out_is_refused(data, folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    shutil.copy(folder / "images" / "p0_0.png", outside)
    (folder / "images" / "p0_0.png").unlink()
    (folder / "images" / "p0_0.png").symlink_to(outside)
    open_folder(data, folder)
    assert chosen(data) is None
    assert "study/images/p0_0.png is a link that leads out" in texts(data, "error")


def upload(app, count=3):
    app.segmented_control(key="start source").set_value("uploads").run()
    number = app.session_state["data round"]
    files = [(f"p{n}.png", png(np.full((20, 20), n, np.uint8)), "image/png") for n in range(count)]
    files += [
        (f"p{n}_mask.png", png(np.eye(20, dtype=np.uint8) * 255), "image/png") for n in range(count)
    ]
    app.file_uploader(key=f"data files {number}").set_value(
        [*files, ("bad.png", b"x", "image/png")]
    )
    app.text_input(key=f"data title {number}").set_value("My *set*")
    app.run()
    return app.button(key="keep data").click().run()


def test_an_upload_is_kept_deleted_and_brought_back(data, tmp_path):
    data.segmented_control(key="start source").set_value("uploads").run()
    assert chosen(data) is None
    upload(data)
    found = chosen(data)
    assert (found.title, counts(data)) == ("My *set*", [1, 1, 1])
    assert found.folder.parent == tmp_path / "home" / "data"
    assert "The image bad.png has no mask" in texts(data, "caption")
    assert any(one.label == "1 files not used; 3 images with masks kept" for one in data.expander)
    data.button(key="data understood").click().run()
    assert "bad.png" not in texts(data, "caption")
    data.button(key="delete data").click().run()
    assert chosen(data) is None
    assert "My *set* is deleted." in texts(data, "caption")
    data.button(key="restore data").click().run()
    assert chosen(data).folder == found.folder
    shutil.rmtree(found.folder)
    assert chosen(data.run()) is None


def test_too_large_an_upload_is_told(data, monkeypatch):
    monkeypatch.setenv("SEG_DATA_FILES", "6")
    settings.cache_clear()
    upload(data)
    assert chosen(data) is None
    assert "Too many files for one data set. Expected at most 6. Received: 7" in texts(
        data, "error"
    )


HOSTILE = "<img src=x onerror=alert(1)>"


def test_names_are_shown_and_nothing_else(folder):
    (folder / "groups.csv").write_text(
        "case,group\n" + "".join(f"p{p}_{n},{HOSTILE}{p}\n" for p in range(4) for n in range(2))
    )
    (folder / "dataset.json").write_text(f'{{"class_names": ["{HOSTILE}"]}}')
    dataset = read_folder(folder)
    census = take_census(dataset, split(dataset))
    shown = _table(census) + share_chart(census).to_json().encode().decode("unicode_escape")
    assert "&lt;img" in shown
    assert "<img" not in shown.replace("\\u003c", "<")


def test_the_chart_by_hand(folder):
    dataset = read_folder(folder, TO_NUMBER)
    (folder / "masks" / "p0_0.png").write_bytes(png(np.zeros((20, 30), np.uint8)))
    figure = share_chart(take_census(dataset, split(dataset, "p0", "(?!)")))
    assert figure.layout.title.text == "Foreground: 1 of 8 images have none"
    assert [bar.name for bar in figure.data] == ["Training", "Validation"]
    assert [list(bar.x) for bar in figure.data] == [["none", "10"]] * 2  # 20 of 600 pixels
    assert [list(bar.y) for bar in figure.data] == [[0, 6], [1, 1]]
