import Platform

/// Whether a text can be a function's name.
public func isFunctionName(_ text: String) -> Bool { FunctionName(text) != nil }

/// What a function's name may be, for people.
public let functionNameRule =
    "1 to \(FunctionName.byteCountMax) of a-z, 0-9 and '-', with no '-' at either end"
