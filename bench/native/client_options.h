/* What the client is asked to do. */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

enum { WORKERS_LIMIT = 64, MESSAGE_LIMIT = 1 << 16 };

typedef struct {
    const char *host, *path, *text, *report;
    int port, workers, window, connections, tls, deflate;
    long messages; /* of each connection; 0: as many as there is time for */
    double seconds, every_s;
} Options;

/* Reads the command line; says what is wrong with it, and ends the program. */
Options read_options(int count, char **arguments);

#endif
