// onnxruntime.js -- run a model once with ONNX Runtime: onnxruntime.js MODEL.onnx <INPUTS.json >OUTPUTS.json
// SPDX-License-Identifier: MIT
//
// Both are lists of {name, type, dims, data}, data as base64 of the elements. NODE_PATH leads to onnxruntime-node.
"use strict";
const fs = require("fs");
const ort = require("onnxruntime-node");

const arrays = {
    float32: Float32Array, float64: Float64Array, float16: Uint16Array, bool: Uint8Array, int8: Int8Array, uint8: Uint8Array,
    int16: Int16Array, uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint64: BigUint64Array,
};

async function main([model]) {
    const feeds = {};
    for (const input of JSON.parse(fs.readFileSync(0, "utf8"))) {
        const bytes = Uint8Array.from(Buffer.from(input.data, "base64"));
        feeds[input.name] = new ort.Tensor(input.type, new arrays[input.type](bytes.buffer), input.dims);
    }
    const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4 });
    const outputs = await session.run(feeds);
    const list = session.outputNames.map((name) => {
        const { type, dims, data } = outputs[name];
        const view = ArrayBuffer.isView(data) ? data : arrays[type].from(data);
        return { name, type, dims, data: Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("base64") };
    });
    process.stdout.write(JSON.stringify(list));
}

main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exit(1);
});
