"""The commands that have a module of their own; the others are in `userlane.__main__`.

bench       measures this machine
doctor      checks the connection
profile     makes an API profile of copied requests
saved_json  `export --from-file`: saved responses in place of the API
store       lists and deletes stored records
console     lines on standard error: messages, progress, unexpected errors
"""
