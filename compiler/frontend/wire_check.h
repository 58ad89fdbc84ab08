/* wire_check.h -- is a file well-formed protobuf of bounded size? Asked before protobuf-c unpacks it.
 *
 * protobuf-c recurses without limit and trusts counts. The walk here follows the message descriptors only, so
 * it serves any schema. Encoding: https://protobuf.dev/programming-guides/encoding/ */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_WIRE_CHECK_H
#define MEDNN_WIRE_CHECK_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

/* At most `limit` messages of one kind in a file. */
struct wire_quota {
    const ProtobufCMessageDescriptor *message;
    const char *what; /* "nodes" */
    size_t limit;
};

struct wire_limits {
    int depth;           /* of messages inside messages */
    size_t string_bytes; /* of each string, except documentation and metadata values */
    size_t memory_bytes; /* that unpacking would take */
    const struct wire_quota *quota;
    int quota_count; /* at most 8 */
};

/* Fails (status 2) naming byte offset and path of the field ("graph.node[3].attribute[0]") on: truncated or
 * overlong varints, lengths that run past their message, wrong wire types, groups, field number 0, strings
 * with a zero byte, a second occurrence of a single message field (protobuf would merge the two), and
 * whatever passes a limit. Unknown fields are fine. */
void wire_check(const uint8_t *bytes, size_t size, const ProtobufCMessageDescriptor *message,
                const struct wire_limits *limits);

#endif
