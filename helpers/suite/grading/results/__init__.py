"""What goes back to the class: gradebook, LMS files, feedback and class pages."""
