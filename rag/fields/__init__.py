"""Fields: named values of a document (its number, date, total ...), by rules and by the model, each with its place."""
