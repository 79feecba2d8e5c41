"""What is done with a library as a whole: search by behaviour, bundles, harvest, recall."""
