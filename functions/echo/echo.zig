//! Answers what it was sent.
//!
//! A request with a body gets the same bytes back, with the same content type. A request without
//! one gets a JSON description of itself: method, path, query and header fields.

const std = @import("std");
const wasi = std.os.wasi;

/// The request's metadata, as CGI hands it over: environment variables.
var variables: []const [*:0]u8 = &.{};

/// Bytes on their way to the response or to the next read. One buffer serves both.
var buffer: [64 * 1024]u8 = undefined;

pub fn main() void {
    variables = readEnvironment(std.heap.wasm_allocator) catch return fail();
    const first = read(&buffer) catch return fail();
    if (first == 0) describe() catch fail() else sendBack(first) catch fail();
}

/// Sends the body back as it comes in: `count` bytes of it are in the buffer already.
fn sendBack(first: usize) !void {
    try write("Content-Type: ");
    try write(variable("CONTENT_TYPE") orelse "application/octet-stream");
    try write("\nX-Echo-Method: ");
    try write(variable("REQUEST_METHOD") orelse "");
    try write("\n\n");
    var count = first;
    while (count > 0) : (count = try read(&buffer)) try write(buffer[0..count]);
}

fn describe() !void {
    var json: Output = .{};
    try json.text("Content-Type: application/json\n\n{\"method\":");
    try json.string(variable("REQUEST_METHOD") orelse "");
    try json.text(",\"path\":");
    try json.string(variable("PATH_INFO") orelse "");
    try json.text(",\"query\":");
    try json.string(variable("QUERY_STRING") orelse "");
    try json.text(",\"headers\":{");
    var separator: []const u8 = "";
    for (variables) |entry| {
        const pair = std.mem.span(entry);
        if (!std.mem.startsWith(u8, pair, "HTTP_")) continue;
        const end = std.mem.indexOfScalar(u8, pair, '=') orelse continue;
        const name = pair[5..end];
        for (name) |*byte| byte.* = if (byte.* == '_') '-' else std.ascii.toLower(byte.*);
        try json.text(separator);
        try json.string(name);
        try json.text(":");
        try json.string(pair[end + 1 ..]);
        separator = ",";
    }
    try json.text("}}\n");
    try json.flush();
}

fn fail() void {
    write("Status: 500\nContent-Type: text/plain\n\nthe request could not be read\n") catch {};
}

/// Text that is collected in the buffer and written when it is full.
const Output = struct {
    count: usize = 0,

    fn text(output: *Output, bytes: []const u8) !void {
        for (bytes) |byte| {
            if (output.count == buffer.len) try output.flush();
            buffer[output.count] = byte;
            output.count += 1;
        }
    }

    /// A JSON string. Bytes that are not UTF-8 are shown as if they were Latin-1.
    fn string(output: *Output, bytes: []const u8) !void {
        const readable = std.unicode.utf8ValidateSlice(bytes);
        try output.text("\"");
        for (bytes) |byte| {
            if (byte == '"' or byte == '\\') {
                try output.text(&.{ '\\', byte });
            } else if (byte < 0x20 or (byte >= 0x80 and !readable)) {
                const digits = "0123456789abcdef";
                try output.text("\\u00");
                try output.text(&.{ digits[byte >> 4], digits[byte & 15] });
            } else {
                try output.text(&.{byte});
            }
        }
        try output.text("\"");
    }

    fn flush(output: *Output) !void {
        try write(buffer[0..output.count]);
        output.count = 0;
    }
};

fn variable(name: []const u8) ?[]const u8 {
    for (variables) |entry| {
        const pair = std.mem.span(entry);
        if (pair.len > name.len and pair[name.len] == '=' and std.mem.startsWith(u8, pair, name))
            return pair[name.len + 1 ..];
    }
    return null;
}

fn readEnvironment(allocator: std.mem.Allocator) ![]const [*:0]u8 {
    var count: usize = 0;
    var size: usize = 0;
    if (wasi.environ_sizes_get(&count, &size) != .SUCCESS) return error.Refused;
    if (count == 0) return &.{};
    const entries = try allocator.alloc([*:0]u8, count);
    const bytes = try allocator.alloc(u8, size);
    if (wasi.environ_get(entries.ptr, bytes.ptr) != .SUCCESS) return error.Refused;
    return entries;
}

/// Returns how many bytes came, 0 at the end of the body.
fn read(into: []u8) !usize {
    const vector = [_]wasi.iovec_t{.{ .base = into.ptr, .len = into.len }};
    var count: usize = 0;
    if (wasi.fd_read(0, &vector, 1, &count) != .SUCCESS) return error.Refused;
    return count;
}

/// Writes all of the bytes, in as many pieces as the host likes.
fn write(bytes: []const u8) !void {
    var rest = bytes;
    while (rest.len > 0) {
        const vector = [_]wasi.ciovec_t{.{ .base = rest.ptr, .len = rest.len }};
        var count: usize = 0;
        if (wasi.fd_write(1, &vector, 1, &count) != .SUCCESS) return error.Refused;
        rest = rest[count..];
    }
}
