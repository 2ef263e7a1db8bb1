// A request runs this program from the start. It finds the request in its environment and on its
// standard input, and prints the answer; what it prints to standard error is its log.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}

	log.Printf("%s %s", os.Getenv("REQUEST_METHOD"), os.Getenv("X_FULL_URL"))

	name := "world"
	if len(body) > 0 {
		name = string(body)
	}
	fmt.Print("Content-Type: text/plain; charset=utf-8\n\n")
	fmt.Printf("Hello, %s! Greetings from Go.\n", name)
}
