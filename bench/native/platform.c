#include "platform.h"

#include <string.h>

/* A piece of the message: a JSON value as it stands there, quotes and all. */
typedef struct {
    const char *at;
    size_t length;
} Span;

typedef struct {
    const char *name;
    Span value;
} Member;

typedef struct {
    const char *at;
    const char *end;
} Reader;

static void blanks(Reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')) r->at++;
}

static int string(Reader *r, Span *span) {
    if (r->at >= r->end || *r->at != '"') return 0;
    span->at = r->at++;
    while (r->at < r->end && *r->at != '"') r->at += *r->at == '\\' ? 2 : 1;
    if (r->at >= r->end) return 0;
    span->length = (size_t)(++r->at - span->at);
    return 1;
}

/* Steps over a value. What is inside of an object or an array is not checked, only its brackets are counted. */
static int value(Reader *r, Span *span) {
    Span inner;
    if (r->at >= r->end) return 0;
    span->at = r->at;
    if (*r->at == '"') return string(r, span);
    if (*r->at == '{' || *r->at == '[') {
        int depth = 0;
        do {
            if (r->at >= r->end) return 0;
            if (*r->at == '"') {
                if (!string(r, &inner)) return 0;
                continue;
            }
            depth += *r->at == '{' || *r->at == '[';
            depth -= *r->at == '}' || *r->at == ']';
            r->at++;
        } while (depth);
    } else {
        while (r->at < r->end && !strchr(",]} \n\r\t", *r->at)) r->at++;
    }
    span->length = (size_t)(r->at - span->at);
    return span->length > 0;
}

/* Whether a key, with its quotes, is this name. */
static int names(Span key, const char *name) {
    return key.length == strlen(name) + 2 && !memcmp(key.at + 1, name, key.length - 2);
}

/* Finds the members asked for, whichever are there; whether the text is an object. */
static int object(const char *text, size_t length, Member *members, int count) {
    Reader r = {text, text + length};
    Span name, found;
    for (int i = 0; i < count; i++) members[i].value.at = NULL;
    blanks(&r);
    if (r.at >= r.end || *r.at++ != '{') return 0;
    blanks(&r);
    if (r.at < r.end && *r.at == '}') {
        r.at++;
    } else {
        for (;;) {
            blanks(&r);
            if (!string(&r, &name)) return 0;
            blanks(&r);
            if (r.at >= r.end || *r.at++ != ':') return 0;
            blanks(&r);
            if (!value(&r, &found)) return 0;
            for (int i = 0; i < count; i++)
                if (names(name, members[i].name)) members[i].value = found;
            blanks(&r);
            if (r.at >= r.end) return 0;
            if (*r.at == '}') break;
            if (*r.at++ != ',') return 0;
        }
        r.at++;
    }
    blanks(&r);
    return r.at == r.end;
}

static int is(Span span, const char *quoted) {
    return span.at && span.length == strlen(quoted) && !memcmp(span.at, quoted, span.length);
}

static int is_string(Span span) { return span.at && *span.at == '"'; }

static int is_number(Span span) { return span.at && (*span.at == '-' || (*span.at >= '0' && *span.at <= '9')); }

static char *put(char *out, const char *text) {
    size_t length = strlen(text);
    memcpy(out, text, length);
    return out + length;
}

static char *put_span(char *out, Span span) {
    memcpy(out, span.at, span.length);
    return out + span.length;
}

static char *refusal(char *out, const char *what) {
    out = put(out, "{\"type\":\"error\",\"error\":\"");
    return put(put(out, what), "\"}");
}

static char *channel_answer(char *out, const char *type, Span channel) {
    if (!is_string(channel)) return refusal(out, "channel must be a string");
    out = put(put(put(out, "{\"type\":\""), type), "\",\"channel\":");
    return put(put_span(out, channel), "}");
}

static char *agent_response(char *out, Span from, Span to, Span payload) {
    enum { ACTION, TIMESTAMP, DATA, COUNT };
    Member fields[COUNT] = {{"action", {0, 0}}, {"timestamp", {0, 0}}, {"data", {0, 0}}};
    if (!is_string(from) || !is_string(to)) return refusal(out, "agent_message: from and to must be strings");
    if (!payload.at || !object(payload.at, payload.length, fields, COUNT))
        return refusal(out, "agent_message: payload must be an object");
    if (!is(fields[ACTION].value, "\"execute\"") && !is(fields[ACTION].value, "\"status\""))
        return refusal(out, "agent_message: payload.action must be execute or status");
    if (!is_number(fields[TIMESTAMP].value)) return refusal(out, "agent_message: payload.timestamp must be a number");
    out = put_span(put(out, "{\"type\":\"agent_response\",\"from\":"), to);
    out = put_span(put(out, ",\"to\":"), from);
    out = put_span(put(out, ",\"payload\":{\"status\":\"processed\",\"action\":"), fields[ACTION].value);
    out = put(out, ",\"data\":");
    out = fields[DATA].value.at ? put_span(out, fields[DATA].value) : put(out, "{}");
    out = put_span(put(out, "},\"timestamp\":"), fields[TIMESTAMP].value);
    return put(out, "}");
}

size_t answer(const char *text, size_t length, char *out, int *leaves) {
    enum { TYPE, CHANNEL, FROM, TO, PAYLOAD, COUNT };
    Member fields[COUNT] = {
        {"type", {0, 0}}, {"channel", {0, 0}}, {"from", {0, 0}}, {"to", {0, 0}}, {"payload", {0, 0}},
    };
    char *end;
    if (!object(text, length, fields, COUNT)) return (size_t)(refusal(out, "a message must be a JSON object") - out);
    Span type = fields[TYPE].value;
    if (is(type, "\"ping\"")) {
        end = put(out, "{\"type\":\"pong\"}");
    } else if (is(type, "\"agent_message\"")) {
        end = agent_response(out, fields[FROM].value, fields[TO].value, fields[PAYLOAD].value);
    } else if (is(type, "\"subscribe\"")) {
        end = channel_answer(out, "subscribed", fields[CHANNEL].value);
    } else if (is(type, "\"unsubscribe\"")) {
        end = channel_answer(out, "unsubscribed", fields[CHANNEL].value);
    } else if (is(type, "\"publish\"")) {
        end = refusal(out, "this server delivers no events");
    } else if (is(type, "\"disconnect\"")) {
        end = put(out, "{\"type\":\"disconnect_ack\"}");
        *leaves = 1;
    } else {
        end = put(out, "{\"type\":\"message\",\"data\":");
        memcpy(end, text, length);
        end = put(end + length, "}");
    }
    return (size_t)(end - out);
}
