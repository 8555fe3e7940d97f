"""Real and malformed model files in the browser: open, expand, select, filter, no console error."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from tests.ui.conftest import ServeDashboard
from tests.ui.driver import Driver

FILES = (
    "onnx/TFBertForQuestionAnswering.onnx",
    "onnx/attention_past_state.onnx",
    "onnx/attention_past_state.u8s8.onnx",
    "onnx/basic_pitch_nmp.onnx",
    "onnx/conv_qdq_external_ini.onnx",
    "onnx/gpt2_12L_h64_dynamo.onnx",
    "onnx/moe_decoder_126L_24e_ts.onnx",
    "onnx/nested_ifs_torchlib_functions.onnx",
    "onnx/silero_vad_16k_op15.onnx",
    "onnx/yunet_s_320_float.onnx",
    "onnx/yunet_s_320_qdq_int8.onnx",
    "tflite/basic_pitch_nmp.tflite",
    "tflite/hello_world_float.tflite",
    "tflite/hello_world_int8.tflite",
    "tflite/kv_cache_two_signatures.tflite",
    "tflite/mobilenet_v1_0.25_128.tflite",
    "tflite/mobilenet_v1_0.25_128_quant.tflite",
    "tflite/mobilenetv2_a035_float.tflite",
    "tflite/mobilenetv2_a035_int8.tflite",
    "tflite/person_detect.tflite",
    "tflite/vww_96_float.tflite",
    "tflite/vww_96_int8.tflite",
    "tflite/whitespace_tokenizer_flex.tflite",
    "json/coco-ssd.me.json",
    "json/test_graph_modified.me.json",
    "json/test_graph_original.me.json",
    "tf/basic_pitch_nmp_savedmodel",
    "tf/half_plus_two_savedmodel",
    "tf/lstm_frozen.pb",
    "tf/tf1_while_cond_v1_control_flow.pb",
    "keras/fer2013_mini_XCEPTION_keras2.0.hdf5",
    "keras/mobilenetv2_a035.keras",
    "keras/multi_io_nested.keras",
    "keras/vww_96_legacy_tfkeras2.h5",
    "torch/cond_while_hop.pt2",
    "torch/llama_32L_h64.pt2",
    "torch/llama_4L_h64_dynamic.pt2",
    "torch/moe_decoder_126L_6e_core_aten.pt2",
    "torch/silero_vad.jit",
    "torch/vit_12L_h64.pt2",
    "mlir/jax_llm12_fwd_locs.mlir",
    "mlir/ttir_yolo_v8.mlir",
    "hlo/llama3_8b_cp_bf16_1x4.hlo",
    "hlo/mobilenet_v2.hlo",
)
NO_MODELS = (".nodedata.json", ".bin")
MALFORMED = (".onnx", ".tflite", ".json")


def test_the_list_is_complete(corpus: Path) -> None:
    """Every model of the corpus is opened in the browser."""
    found = {
        str(path.relative_to(corpus))
        for folder in ("onnx", "tflite", "json", "tf", "keras", "torch", "mlir", "hlo")
        for path in (corpus / folder).iterdir()
        if not path.name.endswith(NO_MODELS)
    }
    assert found == set(FILES)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_open_expand_select_filter(
    page: Page, serve_dashboard: ServeDashboard, corpus: Path, name: str
) -> None:
    """A real file opens, all of it expands, a node is selected and a filter dims the rest."""
    server = serve_dashboard("--root", str(corpus))
    app = Driver(page, server.url, f"?model={quote(name)}")
    app.sees(Path(name).name.replace(".", "\\."))
    closed = app.view["nItems"]
    page.get_by_role("button", name="Expand all").click()
    app.settle()
    assert app.view["nItems"] >= closed
    key = app.ask("graph => graph.firstLeaf()")
    app.click_item(key)
    app.wait("graph => graph.view.selected.length > 0")
    app.clear()
    number = page.get_by_label("above", exact=False).first
    if number.count() and number.is_enabled():
        number.fill("1")
        number.press("Enter")
        app.wait("graph => graph.view.excluded.length > 0")


@pytest.mark.slow
def test_malformed_files_end_in_a_notice_or_a_graph(
    page: Page, serve_dashboard: ServeDashboard, corpus: Path
) -> None:
    """A damaged file says what is wrong, or opens with notes; the server goes on."""
    server = serve_dashboard("--root", str(corpus))
    for path in sorted((corpus / "malformed").iterdir()):
        if path.suffix in MALFORMED:
            app = Driver(page, server.url, f"?model=malformed/{quote(path.name)}")
            said = app.text("Cannot read").count() > 0
            opened = app.page.get_by_role("banner").get_by_text(path.name).count() > 0
            assert said or opened, path.name
