// onnxruntime.js -- run models with ONNX Runtime: onnxruntime.js MODEL.onnx <INPUTS.json >OUTPUTS.json, or without MODEL many of them:
// a line {model, inputs} in, a line of outputs or {error} out.
// SPDX-License-Identifier: MIT
//
// Inputs and outputs are lists of {name, type, dims, data}, data as base64 of the elements. NODE_PATH leads to onnxruntime-node.
"use strict";
const fs = require("fs");
const readline = require("readline");
const ort = require("onnxruntime-node");

const arrays = {
    float32: Float32Array, float64: Float64Array, float16: Uint16Array, bool: Uint8Array, int8: Int8Array, uint8: Uint8Array,
    int16: Int16Array, uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array, uint64: BigUint64Array,
};

async function run(model, inputs) {
    const feeds = {};
    for (const input of inputs) {
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
    await session.release();
    return list;
}

async function serve() {
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const { model, inputs } = JSON.parse(line);
        const answer = await run(model, inputs).catch((error) => ({ error: error.message }));
        process.stdout.write(JSON.stringify(answer) + "\n");
    }
}

async function main([model]) {
    if (model)
        process.stdout.write(JSON.stringify(await run(model, JSON.parse(fs.readFileSync(0, "utf8")))));
    else
        await serve();
}

main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exit(1);
});
