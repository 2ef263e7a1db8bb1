/// The error numbers of preview 1 (`errno` in its type definitions), in its own words.
///
/// Every function but `proc_exit` answers one of these; ``success`` is zero.
public enum ErrorNumber: UInt16, Error, CaseIterable, Sendable {
    case success = 0
    /// Argument list too long (`2big`).
    case toobig
    case acces
    case addrinuse
    case addrnotavail
    case afnosupport
    case again
    case already
    case badf
    case badmsg
    case busy
    case canceled
    case child
    case connaborted
    case connrefused
    case connreset
    case deadlk
    case destaddrreq
    case dom
    case dquot
    case exist
    case fault
    case fbig
    case hostunreach
    case idrm
    case ilseq
    case inprogress
    case intr
    case inval
    case io
    case isconn
    case isdir
    case loop
    case mfile
    case mlink
    case msgsize
    case multihop
    case nametoolong
    case netdown
    case netreset
    case netunreach
    case nfile
    case nobufs
    case nodev
    case noent
    case noexec
    case nolck
    case nolink
    case nomem
    case nomsg
    case noprotoopt
    case nospc
    case nosys
    case notconn
    case notdir
    case notempty
    case notrecoverable
    case notsock
    case notsup
    case notty
    case nxio
    case overflow
    case ownerdead
    case perm
    case pipe
    case proto
    case protonosupport
    case prototype
    case range
    case rofs
    case spipe
    case srch
    case stale
    case timedout
    case txtbsy
    case xdev
    /// The descriptor lacks the right that the call needs.
    case notcapable

    /// The name as C programs spell it: `EBADF`; `success` for zero.
    public var name: String {
        switch self {
        case .success: "success"
        case .toobig: "E2BIG"
        default: "E" + String(describing: self).uppercased()
        }
    }
}
