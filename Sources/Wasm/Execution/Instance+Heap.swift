/// A heap's contents, independent of where an instance lies.
struct CapturedHeap: Sendable {
    let image: HeapImage
    /// Where references to the instance's own functions are, by offset.
    let functions: [(offset: Int, content: Snapshot.Content)]
    /// The values of the element segments that make objects.
    let elementValues: [Int: [Snapshot.Content]]
}

extension Instance {
    /// Copies the heap, if the instance has one to itself and anything is in it.
    var capturedHeap: CapturedHeap? {
        guard heap.instances.count == 1, let image = heap.capture() else { return nil }
        var functions: [(offset: Int, content: Snapshot.Content)] = []
        heap.forEachReference(tags) { offset, slot in
            let content = content(slot, of: .functionReference)
            if case .function = content { functions.append((offset, content)) }
        }
        let type = ValueType.functionReference
        return CapturedHeap(
            image: image,
            functions: functions,
            elementValues: elementValues.mapValues { values in
                (0..<values.count).map { content(values[$0], of: type) }
            }
        )
    }

    /// The image with references to this instance's functions.
    func relocated(_ captured: CapturedHeap) -> HeapImage {
        var image = captured.image
        for (offset, content) in captured.functions {
            var bits = slot(of: content)
            for index in 0..<8 {
                image.bytes[offset + index] = UInt8(truncatingIfNeeded: bits)
                bits >>= 8
            }
        }
        return image
    }

    /// Puts back the values of the segments that were not dropped when the snapshot was made.
    func restoreElementValues(_ captured: CapturedHeap?) {
        guard let captured else { return elementValues.removeAll() }
        elementValues = captured.elementValues.mapValues { SlotList($0.map(slot(of:))) }
    }

    /// Drops a segment, and with it the objects that only it refers to.
    func dropElements(_ segment: Int) {
        droppedElements[segment] = true
        elementValues[segment] = nil
    }
}

extension Heap {
    /// Calls a function with the place and the value of every reference in an object; of an exception, whose
    /// tag is one of `tags`, those to functions only.
    func forEachReference(_ tags: [Tag], _ body: (_ offset: Int, _ slot: UInt64) -> Void) {
        var position = Self.firstOffset
        while let object = starts.next(from: position, below: usedEnd) {
            position = object + size(at: object)
            let type = type(at: object)
            switch type.kind {
            case .structure:
                for index in 0..<type.referenceCount {
                    visit(object + type.referenceOffset(index), body)
                }
            case .array where type.elementsAreReferences:
                for index in 0..<count(at: object) {
                    visit(object + RuntimeType.elementsOffset + index * 8, body)
                }
            case .exception:
                let thrown = exceptionTag(UInt64(object))
                for slot in tags.first(where: { $0.id == thrown })?.functionSlots ?? [] {
                    visit(object + Exception.payloadOffset + slot * 8, body)
                }
            default:
                continue
            }
        }
    }

    private func visit(_ offset: Int, _ body: (_ offset: Int, _ slot: UInt64) -> Void) {
        body(offset, unsafe (base + offset).load(as: UInt64.self))
    }
}
