#include "channel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#ifdef WITH_TLS
#include <openssl/err.h>
#include <openssl/ssl.h>

static SSL_CTX *context;
static int is_server;

static void prepare(const SSL_METHOD *method) {
    context = SSL_CTX_new(method);
    if (!context) exit(1);
    /* Without its buffers an idle connection is a third of the size. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

void tls_prepare_server(const char *certificate, const char *key) {
    prepare(TLS_server_method());
    is_server = 1;
    SSL_CTX_set_num_tickets(context, 0); /* nobody here comes back with one */
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
}

void tls_prepare_client(void) { prepare(TLS_client_method()); }

Tls *tls_new(int fd) {
    SSL *tls = context ? SSL_new(context) : NULL;
    if (!tls) return NULL;
    SSL_set_fd(tls, fd);
    if (is_server) SSL_set_accept_state(tls);
    else SSL_set_connect_state(tls);
    return tls;
}

void tls_free(Tls *tls) { SSL_free(tls); }

static ssize_t result(SSL *tls, int done) {
    if (done > 0) return done;
    int error = SSL_get_error(tls, done);
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
    return -1;
}

static ssize_t tls_read(Tls *tls, void *data, size_t length) {
    ERR_clear_error();
    return result(tls, SSL_read(tls, data, (int)length));
}

static ssize_t tls_write(Tls *tls, const void *data, size_t length) {
    ERR_clear_error();
    return result(tls, SSL_write(tls, data, (int)length));
}
#else
static void refuse(void) {
    fprintf(stderr, "built without TLS: install the headers of OpenSSL (libssl-dev), and build again\n");
    exit(2);
}

void tls_prepare_server(const char *certificate, const char *key) {
    (void)certificate, (void)key;
    refuse();
}

void tls_prepare_client(void) { refuse(); }

Tls *tls_new(int fd) {
    (void)fd;
    return NULL;
}

void tls_free(Tls *tls) { (void)tls; }

static ssize_t tls_read(Tls *tls, void *data, size_t length) {
    (void)tls, (void)data, (void)length;
    return 0;
}

static ssize_t tls_write(Tls *tls, const void *data, size_t length) {
    (void)tls, (void)data, (void)length;
    return -1;
}
#endif

ssize_t channel_read(Tls *tls, int fd, void *data, size_t length) {
    return tls ? tls_read(tls, data, length) : recv(fd, data, length, 0);
}

ssize_t channel_write(Tls *tls, int fd, const void *data, size_t length) {
    return tls ? tls_write(tls, data, length) : send(fd, data, length, MSG_NOSIGNAL);
}
