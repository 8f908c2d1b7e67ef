"""What every part of the pipeline needs: params, files written whole, tables, scores."""
