/// Versions that no alias leads to.
extension Platform {
    /// Lets nobody use a version from now on; false when somebody does.
    ///
    /// True as well when requests do not know it.
    public func retire(_ number: Int, of name: String) -> Bool {
        table[name]?.version(number)?.uses.retire() ?? true
    }

    /// Takes versions away from requests that are not in the store any more.
    public func forget(_ numbers: [Int], of name: String) {
        directory.change { table in
            for number in numbers {
                guard let version = table[name]?.version(number) else { continue }
                residents.remove(version, forever: true)
            }
            table.forget(numbers, of: name)
            return true
        }
    }
}

extension Function {
    /// Notes which versions an alias leads to: the others are kept in memory for a while only.
    func noteReferences() {
        let referenced = Set(referencedVersions.map { ObjectIdentifier($0) })
        for version in versions {
            version.uses.note(isReferenced: referenced.contains(ObjectIdentifier(version)))
        }
    }
}
