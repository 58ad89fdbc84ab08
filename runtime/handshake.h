/* handshake.h -- finding the peers over TCP and refusing the wrong ones.
 *
 * Of two devices the one with the higher index calls the other. The caller sends a hello at once, the called
 * device answers a well-formed hello with its own and both judge: same protocol version, same number of
 * devices, same fingerprint, same floating-point mode, the right device at the right end. A mismatch ends the
 * session on both ends with a line that says which. Connections that do not send a well-formed hello within 2
 * s are dropped without an answer; at most 8 of them are held, with a fixed buffer each.
 *
 * A hello is 64 bytes, numbers little-endian:
 *      0  magic "mednnHi\n"        8  protocol version      12  device index      16  index of the device
 * called 20  number of devices       24  floating-point mode   28  epoch             32  fingerprint, 32
 * bytes A later record layer (encryption) takes over each connection after the hellos, which it
 * authenticates. */
/* SPDX-License-Identifier: MIT */
#ifndef MEDNN_HANDSHAKE_H
#define MEDNN_HANDSHAKE_H

#include "session.h"

/* Connect to every device p with wanted[p] and leave the connections, non-blocking, in fd[p]; the others
 * become -1. Listens at the device's own address, or on options.listen_fd, until all are there; that socket
 * is closed then. -1 with all connections closed when a peer is missing after options.connect_timeout_ms, or
 * is the wrong one. */
int mednn_handshake(struct mednn_session *session, const bool *wanted, int *fd);

/* Calls on the descriptor do not wait, and no program started from this one gets it; 0, or -1 with errno. */
int mednn_make_nonblocking(int fd);

#endif
