// onnxruntime.js -- run a model with ONNX Runtime on every sample of a .npy file: onnxruntime.js MODEL IN.npy OUT.npy
// SPDX-License-Identifier: MIT
//
// The first axis of IN.npy (float32) counts samples; OUT.npy stacks the first output. NODE_PATH leads to onnxruntime-node.
"use strict";
const fs = require("fs");
const ort = require("onnxruntime-node");

function readNpy(path) {
    const file = fs.readFileSync(path);
    if (file.toString("latin1", 0, 6) !== "\x93NUMPY")
        throw new Error(`${path}: not a .npy file`);
    const wide = file[6] > 1;
    const length = wide ? file.readUInt32LE(8) : file.readUInt16LE(8);
    const start = (wide ? 12 : 10) + length;
    const header = file.toString("latin1", wide ? 12 : 10, start);
    if (!header.includes("'<f4'") || header.includes("'fortran_order': True"))
        throw new Error(`${path}: expected float32 in C order: ${header}`);
    const shape = /'shape': \(([^)]*)\)/.exec(header)[1].split(",").filter((s) => s.trim()).map(Number);
    const bytes = file.buffer.slice(file.byteOffset + start, file.byteOffset + file.length);
    return { shape, data: new Float32Array(bytes) };
}

function writeNpy(path, shape, data) {
    let header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")}${shape.length === 1 ? "," : ""}), }`;
    header += " ".repeat(63 - ((10 + header.length) % 64)) + "\n";
    const start = Buffer.alloc(10);
    start.write("\x93NUMPY\x01\x00", "latin1");
    start.writeUInt16LE(header.length, 8);
    fs.writeFileSync(path, Buffer.concat([start, Buffer.from(header, "latin1"), Buffer.from(data.buffer)]));
}

async function main([model, input, output]) {
    if (!output)
        throw new Error("usage: onnxruntime.js MODEL IN.npy OUT.npy");
    const x = readNpy(input);
    const samples = x.shape[0];
    const size = x.data.length / samples;
    const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
    let result, dims;
    for (let i = 0; i < samples; i++) {
        const sample = x.data.slice(i * size, (i + 1) * size);
        const outputs = await session.run({ [session.inputNames[0]]: new ort.Tensor("float32", sample, [1, ...x.shape.slice(1)]) });
        const first = outputs[session.outputNames[0]];
        result = result || new Float32Array(samples * first.data.length);
        dims = first.dims[0] === 1 ? first.dims.slice(1) : first.dims;
        result.set(first.data, i * first.data.length);
    }
    writeNpy(output, [samples, ...dims], result);
}

main(process.argv.slice(2)).catch((error) => {
    console.error(`onnxruntime.js: ${error.message}`);
    process.exit(1);
});
