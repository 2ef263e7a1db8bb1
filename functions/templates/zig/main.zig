//! A request runs this program from the start. It finds the request in its environment and on its
//! standard input, and prints the answer; what it prints to standard error is its log.

const std = @import("std");

pub fn main(init: std.process.Init) !void {
    var input_buffer: [4096]u8 = undefined;
    var input = std.Io.File.stdin().readerStreaming(init.io, &input_buffer);
    const body = try input.interface.allocRemaining(init.gpa, .limited(1 << 20));

    const method = init.environ_map.get("REQUEST_METHOD") orelse "";
    const url = init.environ_map.get("X_FULL_URL") orelse "";
    std.debug.print("{s} {s}\n", .{ method, url });

    var output_buffer: [4096]u8 = undefined;
    var output = std.Io.File.stdout().writerStreaming(init.io, &output_buffer);
    const name = if (body.len > 0) body else "world";
    try output.interface.print("Content-Type: text/plain; charset=utf-8\n\n", .{});
    try output.interface.print("Hello, {s}! Greetings from Zig.\n", .{name});
    try output.interface.flush();
}
