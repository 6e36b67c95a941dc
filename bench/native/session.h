/* The connections of one worker of the server, from the request to upgrade to the end. */
#ifndef SESSION_H
#define SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "counters.h"

typedef struct {
    Counters *all; /* of all workers */
    int worker, workers;
    int echo;    /* every message is sent back; else it is answered by the YMERA protocol */
    int deflate; /* permessage-deflate, for clients that offer it */
    int epoll_fd;
    size_t limit; /* of file descriptors */
} Settings;

/* Once in a worker, before its first connection; whether there was memory for it. */
int sessions_prepare(const Settings *settings);

/* A connection that was accepted: from now on it is watched. */
void session_begin(int fd);

/* Its socket is ready, for these events; whether it is still there. */
int session_ready(int fd, uint32_t events);

#endif
