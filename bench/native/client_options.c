#include "client_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Options read_options(int count, char **arguments) {
    static const struct option known[] = {
        {"host", required_argument, NULL, 'h'},    {"port", required_argument, NULL, 'p'},
        {"path", required_argument, NULL, 'P'},    {"text", required_argument, NULL, 't'},
        {"workers", required_argument, NULL, 'w'}, {"window", required_argument, NULL, 'W'},
        {"messages", required_argument, NULL, 'm'}, {"connections", required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 's'}, {"every", required_argument, NULL, 'e'},
        {"report", required_argument, NULL, 'r'},   {"tls", no_argument, NULL, 'T'},
        {"deflate", no_argument, NULL, 'd'},
        {NULL, 0, NULL, 0},
    };
    int option;
    Options options = {
        .host = "127.0.0.1", .path = "/ws", .text = "{\"type\":\"ping\"}", .port = 8000, .workers = 1, .window = 256,
        .connections = 100,
    };
    while ((option = getopt_long(count, arguments, "", known, NULL)) != -1) {
        switch (option) {
        case 'h': options.host = optarg; break;
        case 'p': options.port = atoi(optarg); break;
        case 'P': options.path = optarg; break;
        case 't': options.text = optarg; break;
        case 'w': options.workers = atoi(optarg); break;
        case 'W': options.window = atoi(optarg); break;
        case 'm': options.messages = atol(optarg); break;
        case 'c': options.connections = atoi(optarg); break;
        case 's': options.seconds = atof(optarg); break;
        case 'T': options.tls = 1; break;
        case 'd': options.deflate = 1; break;
        case 'r': options.report = optarg; break;
        case 'e': options.every_s = atof(optarg) / 1e3; break;
        default:
            fprintf(stderr, "usage: client [--host A.B.C.D] [--port N] [--path P] [--connections C] [--workers W]\n"
                            "              [--window N] [--text MESSAGE] [--messages N | --seconds S] [--every MS]\n"
                            "              [--report FILE] [--tls] [--deflate]\n");
            exit(2);
        }
    }
    if (options.workers < 1 || options.workers > WORKERS_LIMIT || options.connections < options.workers ||
        options.window < 1 || strlen(options.text) > MESSAGE_LIMIT / 2 ||
        (options.every_s > 0 && options.seconds <= 0)) {
        fprintf(stderr, "client: --workers is 1 to %d and at most --connections; --every needs --seconds\n",
                WORKERS_LIMIT);
        exit(2);
    }
    return options;
}
