@main
enum Roost {
    static func main() {}
}
