/* cases_attention.c -- what transformers are made of, and other operators of opset 18 and newer. */
/* SPDX-License-Identifier: MIT */
#include "node_lists.h"

const char *const attention_cases[] = {
    /* attention.c */
    "Attention 2x3x5x8 2x3x7x8 2x3x7x6",
    "Attention 1x4x37x20 1x2x19x20 1x2x19x17 37x19 softcap=2.0 is_causal=1",
    "Attention 2x5x24 2x7x8 2x7x6 bool:2x1x5x7 q_num_heads=6 kv_num_heads=2 scale=0.3",
    "Attention 2x70x24 2x7x12 2x7x6 - - - @5,6 q_num_heads=6 kv_num_heads=3 is_causal=1",
    "Attention 2x1x24 2x9x24 2x9x24 1x5 - - @5,9 q_num_heads=3 kv_num_heads=3 is_causal=1",
    "Attention /4 2x3x5x8 2x3x7x8 2x3x7x6 1x3x5x9 2x3x4x8 2x3x4x6 qk_matmul_output_mode=1 softcap=1.0",
    "Attention /4 2x3x8 2x4x4 2x4x10 bool:3x5 2x2x2x2 2x2x2x5 q_num_heads=4 kv_num_heads=2 is_causal=1",
    /* rotary_embedding.c */
    "RotaryEmbedding 2x3x5x8 =2x5x4 =2x5x4",
    "RotaryEmbedding 2x5x24 =9x3 =9x3 int64:2x5 num_heads=3 rotary_embedding_dim=6 interleaved=1",
    "RotaryEmbedding float16:1x4x7x12 float16:9x4 float16:9x4 int64:1x7 rotary_embedding_dim=8",
    NULL,
};
