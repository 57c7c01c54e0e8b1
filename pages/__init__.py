"""What the browser shows: thin Streamlit pages."""
