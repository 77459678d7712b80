"""What is seen: panels as data, and the painters that put them on paper and into text. Knows no reading."""
