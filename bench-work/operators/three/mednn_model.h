/* mednn_model.h -- model compiled for 3 devices by mednnc 0.1.0: what an application needs to know.
 * Options: --devices 3 --partition rows --float fma */
#ifndef MODEL_MEDNN_MODEL_H
#define MODEL_MEDNN_MODEL_H

#include "mednn_runtime.h"

#define MODEL_DEVICES 3

#define MODEL_INPUTS 1
#define MODEL_INPUT_0_NAME "softmax_5.x0"
#define MODEL_INPUT_0_TYPE 1 /* float32 */
#define MODEL_INPUT_0_RANK 1
#define MODEL_INPUT_0_DIM_0 3
#define MODEL_INPUT_0_ELEMENTS 3
#define MODEL_INPUT_0_BYTES 12
#define MODEL_OUTPUTS 1
#define MODEL_OUTPUT_0_NAME "softmax_5.y0"
#define MODEL_OUTPUT_0_TYPE 1 /* float32 */
#define MODEL_OUTPUT_0_RANK 1
#define MODEL_OUTPUT_0_DIM_0 3
#define MODEL_OUTPUT_0_ELEMENTS 3
#define MODEL_OUTPUT_0_BYTES 12
/* Per device: memory for activations, messages and scratch, the scratch alone, baked weights, and the work and
 * traffic of one inference. */
#define MODEL_DEVICE0_ARENA_BYTES 192
#define MODEL_DEVICE0_ACTIVATION_BYTES 128
#define MODEL_DEVICE0_SCRATCH_BYTES 0
#define MODEL_DEVICE0_WEIGHTS_BYTES 0
#define MODEL_DEVICE0_MACS 0
#define MODEL_DEVICE0_BYTES_SENT 0
#define MODEL_DEVICE0_BYTES_RECEIVED 0
#define MODEL_DEVICE1_ARENA_BYTES 64
#define MODEL_DEVICE1_ACTIVATION_BYTES 0
#define MODEL_DEVICE1_SCRATCH_BYTES 0
#define MODEL_DEVICE1_WEIGHTS_BYTES 0
#define MODEL_DEVICE1_MACS 0
#define MODEL_DEVICE1_BYTES_SENT 0
#define MODEL_DEVICE1_BYTES_RECEIVED 0
#define MODEL_DEVICE2_ARENA_BYTES 64
#define MODEL_DEVICE2_ACTIVATION_BYTES 0
#define MODEL_DEVICE2_SCRATCH_BYTES 0
#define MODEL_DEVICE2_WEIGHTS_BYTES 0
#define MODEL_DEVICE2_MACS 0
#define MODEL_DEVICE2_BYTES_SENT 0
#define MODEL_DEVICE2_BYTES_RECEIVED 0
#ifdef __cplusplus
extern "C" {
#endif

extern const struct mednn_program model_device0;
extern const struct mednn_program model_device1;
extern const struct mednn_program model_device2;
#ifdef __cplusplus
}
#endif
#endif
