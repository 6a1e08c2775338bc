"""HTTP routes beside Streamlit's own: thumbnails, files, clips, further hits, uploads, exports."""
