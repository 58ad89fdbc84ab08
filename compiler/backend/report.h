/* report.h -- report.xml and report.html: who does what, and what it costs.
 *
 * Both files depend on model and options alone. Names from the model are written as text_escape() makes them. Sizes
 * are bytes per inference, without frame headers; MACs are multiply-accumulates per inference.
 *
 * docs/report.rng is the schema of report.xml.
 *
 * <report version="1" program="mednn VERSION">
 *   <model file="digits.onnx">
 *     <input name="" type="float32" shape="1x1x8x8"/> ...  <output .../> ...
 *   </model>
 *   <options text="--devices 3 --partition rows --float fma"/>
 *   <totals layers="" macs="" divided_macs="" divided_share="0.9876" weights_bytes="" exchanges="" messages="" bytes=""/>
 *       macs: of the model; divided_macs: of the layers in which at least two devices work; weights_bytes: of the
 *       largest device; bytes: sent by all devices together.
 *   <compaction macs_before="" macs_after="" parameters_before="" parameters_after="">
 *     <change name="" inputs_before="" inputs_after="" outputs_before="" outputs_after="" macs_before="" macs_after=""
 *             bytes_before="" bytes_after=""/> ...
 *   </compaction>
 *   <pruning ... samples="" foretold_ms_before="" foretold_ms_after="" wire_bytes_before="" ... measured_ms_before="" ...
 *            answers_changed="">
 *     <change ... wire_bytes_before="" wire_bytes_after="" score="" error=""/> ...
 *     <goal name="macs|bytes|seconds" wanted="0.265" reached=""/> ...   <group name="" before="" after="" score=""/> ...
 *   </pruning>
 *       Only where channels were removed. change: of one layer, bytes of its output; error: what its repair left, squared
 *       error / variance of its output. Milliseconds and bytes on the wire are of an inference, measured ones only with
 *       --measure. answers_changed, accuracy_lost or error: on samples kept apart. score: what
 *       removing the group's channels costs, as estimated.
 *   <devices>
 *     <device index="0" name="" speed="1" fair_share="0.333333" macs="" share="0.334567" weights_bytes="" arena_bytes=""
 *             activation_bytes="" scratch_bytes="" messages_sent="" bytes_sent="" messages_received="" bytes_received=""/> ...
 *       share: of all MACs that the devices do together; activation_bytes: of the arena,
 *       tensors that live at the same time, at most; scratch_bytes: what single layers work in.
 *   </devices>
 *   <plan partition="auto" objective="latency" predicted_ms="12.3" interval_ms="12.0">
 *       what the simulation foretells: of one inference, and between inferences when inputs keep coming.
 *     <alternative partition="rows" predicted_ms="15.0"/> ...     the plans that were compared, by the objective
 *     <time device="0" compute_ms="" message_ms="" wait_ms="" idle=""/> ...   idle: why it has no work, "" if it has some
 *     <span device="0" does="compute|wait|message" layer="" begin_ms="" end_ms=""/> ...   the time line; layer "": inputs, outputs
 *   </plan>
 *   <layers>
 *     <layer index="0" name="" op="Conv" epilogue="add relu" kernel="" output="" type="float32" shape="1x32x8x8"
 *            layout="blocked" macs="" divided="yes|no" axes="2 3" grid="1 16 1 1">
 *       One per node in execution order; what is said is about output 0. epilogue: what is fused into it, may be
 *       empty. axes: those that are cut. grid: per axis, the indices that cuts fall on the multiples of.
 *       <candidate kernel="" ms="" by="foretold|measured"/> ...
 *           kernels that could be taken and what the whole layer takes with them, conversions of layout included; the kernel
 *           of a conversion of layout was not chosen and has none.
 *       <part device="0" elements="" macs="" share="0.375">
 *         <box begin="0 0 0 0" end="1 32 3 8"/> ...       half open
 *       </part> ...                                       share: of the layer's MACs; of its elements when it has none
 *     </layer>
 *   </layers>
 *   <exchanges>
 *     <exchange index="0" tensor="" bytes="" messages="" send_step="" receive_step="">
 *       <transfer from="0" to="1" bytes="" begin="0 0 3 0" end="1 32 4 8"/> ...
 *     </exchange>
 *   </exchanges>
 * </report> */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_REPORT_H
#define MEDNN_REPORT_H

#include "../plan/program.h"
#include "../support/file.h"
#include "emit.h"

/* Write both files into the folder. Every node has its kernel; facts: one per device. */
void report_write(struct folder *folder, const struct program *program, const struct emit_options *options,
                  const struct device_facts *facts);

/* ---- the figures, shared by both forms ---- */

struct report_part {
    int64_t elements, macs;
    double share;
};

struct report_layer {
    const struct node *node;
    int64_t macs;               /* of the whole node */
    int workers;                /* devices that compute some of output 0 */
    bool axis_cut[MAX_RANK];
    struct report_part *part;   /* per device */
};

struct report_totals {
    int64_t macs, divided_macs; /* of the model */
    int64_t computed;           /* by all devices together: more than `macs` where they overlap */
    int64_t weights_bytes, bytes;
    int messages;
    double speed; /* of all devices */
};

/* All that the report is made from. */
struct report {
    struct arena *arena;
    const struct program *program;
    const struct emit_options *options;
    const struct device_facts *facts; /* per device */
    const char *model;                /* file name without folder */
    struct report_layer *layer;       /* per node */
    int64_t *device_macs;             /* per device */
    struct report_totals totals;
};

int report_messages(const struct report *report, int device, bool sending);
int64_t report_exchange_bytes(const struct report *report, int exchange, int *messages);
/* What the node's epilogue does: "", "add", "relu", "add relu". */
const char *report_epilogue(struct arena *arena, const struct node *node);

#endif
